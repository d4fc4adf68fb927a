import { formatDuration, parseDuration } from '@k/apimachinery';

/** How the value of a flag is written. Durations are milliseconds once parsed. */
export type FlagKind = 'string' | 'strings' | 'bool' | 'int' | 'float' | 'duration' | 'file';

/** One flag, as data: the command line, its help and its checks are made of these. */
export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  readonly kind: FlagKind;
  /** In the help; present tense, one sentence. */
  readonly help: string;
  readonly default?: string | boolean | number | readonly string[];
  /** Values that are accepted; absent = any. */
  readonly choices?: readonly string[];
  /** Smallest accepted number. */
  readonly min?: number;
  readonly max?: number;
  /** Lists only: each occurrence is one item, commas and all. */
  readonly isWhole?: boolean;
}

/** A heading of the help and the flags below it. */
export interface FlagGroup {
  readonly title: string;
  readonly flags: readonly Flag[];
}

/** A flag that cannot be taken as it was given; the message names the flag. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** What a parsed flag holds. */
export type FlagValue = string | boolean | number | readonly string[] | undefined;

function invalid(flag: Flag, given: string, why: string): FlagError {
  return new FlagError(`invalid argument ${JSON.stringify(given)} for "--${flag.name}" flag: ${why}`);
}

function checkRange(flag: Flag, given: string, value: number): number {
  if (flag.min !== undefined && value < flag.min) throw invalid(flag, given, `must not be less than ${shown(flag, flag.min)}`);
  if (flag.max !== undefined && value > flag.max) throw invalid(flag, given, `must not be greater than ${shown(flag, flag.max)}`);
  return value;
}

function shown(flag: Flag, value: number): string {
  return flag.kind === 'duration' ? formatDuration(value) : String(value);
}

/**
 * Reads one occurrence of a flag.
 *
 * @param previous - What earlier occurrences gave; lists grow, other flags are replaced.
 * @throws {@link FlagError}
 */
export function readFlag(flag: Flag, given: string, previous: FlagValue): FlagValue {
  switch (flag.kind) {
    case 'bool': {
      const text = given.toLowerCase();
      if (['true', 't', '1'].includes(text)) return true;
      if (['false', 'f', '0'].includes(text)) return false;
      throw invalid(flag, given, 'must be true or false');
    }
    case 'int': {
      if (!/^[+-]?\d+$/.test(given)) throw invalid(flag, given, 'must be a whole number');
      return checkRange(flag, given, Number(given));
    }
    case 'float': {
      if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(given)) throw invalid(flag, given, 'must be a number');
      return checkRange(flag, given, Number(given));
    }
    case 'duration': {
      const ms = parseDuration(given);
      if (ms === null) throw invalid(flag, given, 'must be a duration such as 300ms, 1m30s or 2h');
      return checkRange(flag, given, ms);
    }
    case 'strings': {
      const items = flag.isWhole === true ? [given] : given === '' ? [] : given.split(',').map((item) => item.trim());
      for (const item of items) checkChoice(flag, item);
      return [...((previous as readonly string[] | undefined) ?? []), ...items];
    }
    default:
      return checkChoice(flag, given);
  }
}

function checkChoice(flag: Flag, given: string): string {
  if (flag.choices !== undefined && !flag.choices.includes(given)) {
    throw invalid(flag, given, `must be one of ${flag.choices.join(', ')}`);
  }
  return given;
}

/** The default as the help shows it; '' when there is none worth showing. */
export function shownDefault(flag: Flag): string {
  const value = flag.default;
  if (value === undefined || value === '' || value === false) return '';
  if (flag.kind === 'duration') return formatDuration(value as number);
  if (Array.isArray(value)) return value.length === 0 ? '' : `[${value.join(',')}]`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** A value as `/flagz` shows it. */
export function shownValue(flag: Flag | undefined, value: FlagValue): string {
  if (Array.isArray(value)) return `[${value.join(',')}]`;
  if (typeof value === 'number' && flag?.kind === 'duration') return formatDuration(value);
  return value === undefined ? (flag?.kind === 'strings' ? '[]' : '') : String(value);
}

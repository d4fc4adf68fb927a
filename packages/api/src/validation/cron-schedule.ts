/**
 * Cron schedules with the semantics and the error texts of robfig/cron's standard parser, which upstream uses: five
 * fields or a descriptor. npm's cron parsers differ in what they accept (seconds, `L`, `#`, ranges that wrap), so
 * this one only answers whether a schedule is valid and what is wrong with it.
 */

interface FieldBounds {
  min: number;
  max: number;
  names?: Readonly<Record<string, number>>;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly FieldBounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: Object.fromEntries(MONTHS.map((name, i) => [name, i + 1])) },
  { min: 0, max: 6, names: Object.fromEntries(DAYS.map((name, i) => [name, i])) },
];
const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const DURATION = /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/;

/** Why a schedule cannot be read. */
class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

function parseNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  }
  if (value < 0) throw new ScheduleError(`negative number (${value}) not allowed: ${text}`);
  return value;
}

function parseValue(text: string, bounds: FieldBounds): number {
  return bounds.names?.[text.toLowerCase()] ?? parseNumber(text);
}

/** One range: `*`, `5`, `1-5`, each with an optional `/step`. */
function parseRange(text: string, bounds: FieldBounds): void {
  const [span = '', step, ...more] = text.split('/');
  const [low = '', high, ...rest] = span.split('-');
  let start: number;
  let end: number;
  let single = false;
  if (low === '*' || low === '?') {
    start = bounds.min;
    end = bounds.max;
  } else {
    start = parseValue(low, bounds);
    if (high === undefined) {
      end = start;
      single = true;
    } else if (rest.length === 0) end = parseValue(high, bounds);
    else throw new ScheduleError(`too many hyphens: ${text}`);
  }
  let every = 1;
  if (more.length > 0) throw new ScheduleError(`too many slashes: ${text}`);
  if (step !== undefined) {
    every = parseNumber(step);
    // "N/step" means from N to the end.
    if (single) end = bounds.max;
  }
  if (start < bounds.min) throw new ScheduleError(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`);
  if (end > bounds.max) throw new ScheduleError(`end of range (${end}) above maximum (${bounds.max}): ${text}`);
  if (start > end) throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (every === 0) throw new ScheduleError(`step of range should be a positive number: ${text}`);
}

function parseDescriptor(text: string): void {
  if (DESCRIPTORS.has(text)) return;
  const prefix = '@every ';
  if (!text.startsWith(prefix)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  const duration = text.slice(prefix.length);
  if (duration === '0' || DURATION.test(duration)) return;
  throw new ScheduleError(`failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`);
}

/** The time zones that the runtime knows, besides `UTC` and `Local`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    // Offsets such as `+01:00` are no zones.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

function parse(text: string): void {
  if (text === '') throw new ScheduleError('empty spec string');
  let schedule = text;
  if (schedule.startsWith('TZ=') || schedule.startsWith('CRON_TZ=')) {
    const space = schedule.indexOf(' ');
    const zone = schedule.slice(schedule.indexOf('=') + 1, space < 0 ? undefined : space);
    if (space < 0) throw new ScheduleError('unknown panic: runtime error: slice bounds out of range [:-1]');
    if (zone !== '' && zone !== 'Local' && !isTimeZone(zone)) {
      throw new ScheduleError(`provided bad location ${zone}: unknown time zone ${zone}`);
    }
    schedule = schedule.slice(space).trim();
  }
  if (schedule.startsWith('@')) {
    parseDescriptor(schedule);
    return;
  }
  const fields = schedule.split(/\s+/u).filter((field) => field !== '');
  if (fields.length !== FIELDS.length) {
    throw new ScheduleError(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  fields.forEach((field, i) => {
    for (const range of field.split(',')) if (range !== '') parseRange(range, FIELDS[i] as FieldBounds);
  });
}

/** What is wrong with a schedule; `null` when it is valid. */
export function scheduleError(text: string): string | null {
  try {
    parse(text);
    return null;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

/** Go's durations, as Kubernetes writes them. */

const WHOLE = /^[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration such as `3s` or `1m30s`, in milliseconds; `null` when it is none. */
export function parseDuration(text: string): number | null {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!WHOLE.test(text)) return null;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(PART)) ms += Number(amount) * (UNIT_MS[unit as string] as number);
  return text.startsWith('-') ? -ms : ms;
}

/** Why a text is no duration, in Go's words. */
export function durationFault(text: string): string {
  const quoted = JSON.stringify(text);
  const rest = text.replace(/^[+-]/, '');
  const tail = rest.replace(/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))*/, '');
  const number = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(tail);
  if (number === null) return `time: invalid duration ${quoted}`;
  if (number[2] === '') return `time: missing unit in duration ${quoted}`;
  return `time: unknown unit ${JSON.stringify(number[2])} in duration ${quoted}`;
}

/** A duration as Go prints it: `3s`, `1m30s`, `-15s`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const nanoseconds = Math.round(Math.abs(ms) * 1e6);
  if (nanoseconds < 1e3) return `${sign}${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${sign}${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${sign}${nanoseconds / 1e6}ms`;
  const hours = Math.floor(nanoseconds / 3.6e12);
  const minutes = Math.floor((nanoseconds % 3.6e12) / 6e10);
  const seconds = (nanoseconds % 6e10) / 1e9;
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

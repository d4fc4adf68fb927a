/** What is wrong with an expression, as upstream shows it to its author. */
export interface Issue {
  /** Code points before the place. */
  at: number;
  text: string;
}

const ISSUES_MAX = 100;
/** Stand below wide characters. */
const WIDE_DOT = '．';
const WIDE_MARK = '＾';

/** All issues in the order of their places, each with its line and a mark below. */
export function formatIssues(expression: string, issues: readonly Issue[]): string {
  const lines = expression.split('\n').map((line) => Array.from(line.replaceAll('\t', ' ')));
  const placed = [...issues].sort((a, b) => a.at - b.at);
  let line = 0;
  let start = 0;
  const shown = placed.slice(0, ISSUES_MAX).map(({ at, text }) => {
    while (line + 1 < lines.length && at > start + (lines[line] as string[]).length) start += (lines[line++] as string[]).length + 1;
    const source = lines[line] as string[];
    const column = at - start;
    const dots = source.slice(0, column).map((point) => (isWide(point) ? WIDE_DOT : '.'));
    const mark = isWide(source[column]) ? WIDE_MARK : '^';
    return `ERROR: <input>:${line + 1}:${column + 1}: ${text}\n | ${source.join('')}\n | ${dots.join('')}${mark}`;
  });
  if (placed.length > ISSUES_MAX) {
    const more = placed.length - ISSUES_MAX;
    shown.push(`${more} more error${more === 1 ? ' was' : 's were'} truncated`);
  }
  return shown.join('\n');
}

const isWide = (point: string | undefined): boolean => point !== undefined && (point.codePointAt(0) as number) > 127;

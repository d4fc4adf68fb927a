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
  const points = Array.from(expression);
  const lines = expression.split('\n');
  const placed = issues.map((issue) => {
    const before = points.slice(0, issue.at);
    const line = before.filter((point) => point === '\n').length;
    return { text: issue.text, line, column: before.length - (before.lastIndexOf('\n') + 1) };
  });
  placed.sort((a, b) => a.line - b.line || a.column - b.column);
  const shown = placed.slice(0, ISSUES_MAX).map(({ text, line, column }) => {
    const source = Array.from((lines[line] ?? '').replaceAll('\t', ' '));
    const isWide = (point: string | undefined): boolean => point !== undefined && (point.codePointAt(0) as number) > 127;
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

/** For people. */
import { formatLevelVersion } from '../index.js';
import { formatPosition } from './manifest.js';
import { changesText, nameOf, type Report, type ReportedObject, type ReportedViolation, textOf } from './report.js';

type Paint = (text: string) => string;

const plain: Paint = (text) => text;
const ansi =
  (code: number): Paint =>
  (text) =>
    `\u001b[${code}m${text}\u001b[0m`;

interface Colours {
  bold: Paint;
  red: Paint;
  yellow: Paint;
  green: Paint;
  dim: Paint;
}

const COLOURLESS: Colours = { bold: plain, red: plain, yellow: plain, green: plain, dim: plain };
const COLOURED: Colours = { bold: ansi(1), red: ansi(31), yellow: ansi(33), green: ansi(32), dim: ansi(2) };

function fixLines({ fix }: ReportedViolation, { green, dim }: Colours): string[] {
  if (fix.changes.length === 0) return [`      ${dim('no automatic fix:')} ${fix.advice}`];
  const lines = changesText(fix).map((text) => `      ${green('fix:')} ${text}`);
  return fix.advice === '' ? lines : [...lines, `      ${dim('note:')} ${fix.advice}`];
}

function objectLines(object: ReportedObject, colours: Colours): string[] {
  const lines = [
    `${formatPosition(object.file, object)}: ${colours.bold(nameOf(object))} ${object.allowed ? 'passes' : 'violates'} ${formatLevelVersion(object.target)}`,
  ];
  for (const violation of object.violations) {
    const [first] = violation.fields;
    const where = first === undefined ? '' : `${first.line}:${first.column} `;
    const paint = violation.severity === 'error' ? colours.red : colours.yellow;
    const level = violation.severity === 'error' ? '' : ` [warn ${formatLevelVersion(violation.target)}]`;
    lines.push(`  ${where}${paint(violation.check)}${level}: ${textOf(violation)}`, ...fixLines(violation, colours));
  }
  return lines;
}

/** One block per object with findings, and a line that sums up. */
export function formatText({ objects }: Report, { isColoured }: { isColoured: boolean }): string {
  const colours = isColoured ? COLOURED : COLOURLESS;
  const found = objects.filter(({ violations }) => violations.length > 0);
  const lines = found.flatMap((object) => [...objectLines(object, colours), '']);
  const failed = objects.filter(({ allowed }) => !allowed).length;
  const warned = found.length - failed;
  const of = `${objects.length} ${objects.length === 1 ? 'object' : 'objects'} with pods`;
  const summary = objects.length === 0 ? 'no objects with pods' : failed === 0 ? `${of}: all pass` : `${of}: ${failed} failed`;
  lines.push(`${failed === 0 ? summary : colours.red(summary)}${warned === 0 ? '' : `, ${warned} with warnings`}`);
  return `${lines.join('\n')}\n`;
}

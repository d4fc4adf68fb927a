/** Results as a table, as JSON and as bars. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';

/** One measured figure. */
export interface Figure {
  what: string;
  value: number;
  unit: string;
  perSecond?: number;
  /** What the machine does without the server, in the same run. */
  limit?: { what: string; value: number; perSecond: number };
  /** Against the limit, or against what the row names. */
  ratio?: number;
  target?: string;
  met?: boolean;
  note?: string;
}

/** Figures that belong together. */
export interface Section {
  title: string;
  figures: readonly Figure[];
}

const BAR_HEIGHT = 22;
const BAR_WIDTH = 420;
const LABEL_WIDTH = 250;

function format(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function rowOf({ what, value, unit, perSecond, limit, ratio, target, met, note }: Figure): string[] {
  return [
    what,
    `${format(value)} ${unit}`,
    perSecond === undefined ? '' : `${format(perSecond)}/s`,
    limit === undefined ? '' : `${limit.what}: ${format(limit.value)} µs, ${format(limit.perSecond)}/s`,
    ratio === undefined ? '' : limit === undefined ? `× ${ratio.toFixed(2)}` : `${(ratio * 100).toFixed(0)}%`,
    target === undefined ? '' : `${target}: ${met ? 'met' : 'missed'}`,
    note ?? '',
  ];
}

/** Prints one section. */
export function printSection({ title, figures }: Section): void {
  const rows = figures.map(rowOf);
  const widths = [0, 1, 2, 3, 4, 5].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`);
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** One section as a table in Markdown. */
function markdownTable({ title, figures }: Section): string {
  const columns = ['', 'cost', 'a second', 'beside it', 'share', 'target'];
  const rows = figures.map((figure) => {
    const [what = '', cost = '', perSecond = '', limit = '', ratio = '', target = '', note = ''] = rowOf(figure);
    return [note === '' ? what : `${what} (${note})`, cost, perSecond, limit, ratio, target];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map(line),
    '',
    `![${title}](${plotName(title)})`,
    '',
  ].join('\n');
}

const plotName = (title: string): string => `${title.toLowerCase().replaceAll(' ', '-')}.svg`;

/** Bars of one section: what was measured in blue, the machine's limit in grey below it. */
function plot({ title, figures }: Section): string {
  // Lengths can only be compared within one unit.
  const units = [...new Set(figures.map(({ unit }) => unit))];
  const largest = new Map(
    units.map((unit) => [
      unit,
      Math.max(...figures.filter((item) => item.unit === unit).flatMap(({ value, limit }) => [value, limit?.value ?? 0])),
    ]),
  );
  const parts: string[] = [];
  let y = 40;
  const bar = (label: string, value: number, unit: string, colour: string, full: number): void => {
    const width = Math.max(1, (value / full) * BAR_WIDTH);
    parts.push(
      `<text x="${LABEL_WIDTH - 8}" y="${y + 15}" text-anchor="end">${escapeXml(label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y + 2}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 6}" fill="${colour}"/>`,
      `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + 15}">${format(value)} ${escapeXml(unit)}</text>`,
    );
    y += BAR_HEIGHT;
  };
  for (const { what, value, unit, limit } of figures) {
    // A row with a limit is compared with it, one without with its like.
    const full = limit === undefined ? (largest.get(unit) as number) : Math.max(value, limit.value);
    bar(what, value, unit, '#326ce5', full);
    if (limit !== undefined) bar(limit.what, limit.value, unit, '#b8bfca', full);
    y += 6;
  }
  const width = LABEL_WIDTH + BAR_WIDTH + 200;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 8}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="white"/><text x="12" y="22" font-size="15" font-weight="bold">${escapeXml(title)}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** What the figures were measured on. */
export function machine(): { cpu: string; cores: number; node: string; load: string; date: string } {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    load: loadavg()
      .map((value) => value.toFixed(1))
      .join(' '),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** What was measured, where and how. */
export interface Run {
  quick: boolean;
  machine: ReturnType<typeof machine>;
  loadAtEnd: string;
}

/** Writes `results.json`, `results.md` and one SVG a section. */
export function writeResults(folder: string, sections: readonly Section[], run: Run): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify({ ...run, sections }, null, 2)}\n`);
  for (const section of sections) writeFileSync(join(folder, plotName(section.title)), plot(section));
  const { cores, cpu, node, load, date } = run.machine;
  const head = [
    '# Results',
    '',
    `${date}, ${cores} × ${cpu}, Node ${node}, load average ${load} at the start and ${run.loadAtEnd} at the end${run.quick ? '; a quick run' : ''}.`,
    'Written by `npm run bench`; the share is the limit divided by the cost.',
    '',
  ];
  writeFileSync(join(folder, 'results.md'), [...head, ...sections.map(markdownTable)].join('\n'));
}

import { appendFileSync } from 'node:fs';

/** One measured figure. */
export interface Figure {
  what: string;
  value: number;
  unit: string;
  /** The rival or limit measured in the same run. */
  rival?: { what: string; value: number };
  /** What the project wants, and whether this is it. */
  target?: string;
}

/** Prints figures as a table; appends them to the file that `BENCH_JSON` names, one JSON object a line. */
export function report(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  const rows = figures.map(({ what, value, unit, rival, target }) => [
    what,
    `${format(value)} ${unit}`,
    rival === undefined ? '' : `${rival.what}: ${format(rival.value)} ${unit} (×${(value / rival.value).toFixed(2)})`,
    target === undefined ? '' : `target ${target}`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  for (const row of rows) console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
  const path = process.env['BENCH_JSON'];
  if (path !== undefined) for (const figure of figures) appendFileSync(path, `${JSON.stringify({ title, ...figure })}\n`);
}

function format(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Microseconds per call, the best of five rounds. */
export function microseconds(work: () => unknown, calls: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const started = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) work();
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 1000 / calls);
  }
  return best;
}

/** The same for work that is awaited. */
export async function microsecondsAsync(work: () => Promise<unknown>, calls: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const started = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) await work();
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 1000 / calls);
  }
  return best;
}

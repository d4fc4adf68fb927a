/**
 * Measures the built server beside the machine's own limits. `npm run bench` builds it first.
 *
 *   npm run bench [-- --quick] [-- --only=start,reads,writes,watches,growth,memory,profiles] [-- --out=FOLDER]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureGrowth, measureStart } from './footprint.js';
import { measureMemory } from './memory.js';
import { writeProfiles } from './profiles.js';
import { measureReads } from './reads.js';
import { type Figure, machine, printSection, type Section, writeResults } from './report.js';
import { measureWatches } from './watches.js';
import { measureWrites } from './writes.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
});
const { quick, only, out } = values;

const measures: Record<string, { title: string; measure: () => Promise<Figure[] | null> }> = {
  start: { title: 'Start and idle memory', measure: measureStart },
  reads: { title: 'Reads', measure: () => measureReads(quick) },
  writes: { title: 'Writes', measure: () => measureWrites(quick) },
  watches: { title: 'Watches', measure: () => measureWatches(quick) },
  growth: { title: 'Growth', measure: () => measureGrowth(quick) },
  memory: { title: 'Memory', measure: () => measureMemory(quick) },
  profiles: {
    title: 'Profiles',
    measure: async () => {
      await writeProfiles(out, quick);
      return null;
    },
  },
};
const names = only === '' ? Object.keys(measures) : only.split(',');
for (const name of names)
  if (!Object.hasOwn(measures, name)) throw new RangeError(`"only" expected ${Object.keys(measures).join(', ')}, got ${name}`);

const before = machine();
process.stdout.write(`${before.cores} × ${before.cpu}, Node ${before.node}, load ${before.load}${quick ? ', quick' : ''}\n`);
const sections: Section[] = [];
for (const name of names) {
  const { title, measure } = measures[name] as (typeof measures)[string];
  const startedAt = performance.now();
  const figures = await measure();
  if (figures !== null) {
    printSection({ title, figures });
    sections.push({ title, figures });
    // After each section: a run that is broken off leaves what it has measured.
    if (only === '') writeResults(out, sections, { quick, machine: before, loadAtEnd: machine().load });
  }
  process.stdout.write(`  ${title}: ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
}

/** Runs every benchmark of this folder, each in a process of its own. `pnpm --filter @k/storage bench` */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const wanted = process.argv.slice(2);
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${new Date().toISOString().slice(0, 10)}`,
);
for (const name of readdirSync(import.meta.dirname).sort()) {
  if (!name.endsWith('.bench.ts') || (wanted.length > 0 && !wanted.includes(name.replace('.bench.ts', '')))) continue;
  const args = ['--expose-gc', '--import', 'tsx', '--conditions=@k/source', join(import.meta.dirname, name)];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

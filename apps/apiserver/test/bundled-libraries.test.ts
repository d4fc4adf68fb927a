/** What the build does to libraries, on a program of one line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { namesOfLaterLibraries } from '../bundled-libraries.js';
import { runCommand } from './server-process.js';

// Inside the package, so that its dependencies are found.
const dir = mkdtempSync(join(import.meta.dirname, '..', 'node_modules', '.k-test-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('a library that is loaded later', () => {
  it('has the names that it has without a build', async () => {
    const program = "const { Agent, fetch, request } = await import('undici'); console.log(typeof Agent, typeof fetch, typeof request);";
    writeFileSync(join(dir, 'program.mjs'), program);
    await build({
      entryPoints: [join(dir, 'program.mjs')],
      outdir: join(dir, 'out'),
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      plugins: [namesOfLaterLibraries],
    });
    const printed = { code: 0, stdout: 'function function function\n', stderr: '' };
    expect(await runCommand(process.execPath, [join(dir, 'program.mjs')])).toEqual(printed);
    expect(await runCommand(process.execPath, [join(dir, 'out', 'program.mjs')])).toEqual(printed);
  });
});

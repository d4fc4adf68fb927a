// Style as a check: layers, file sizes, words and switches that do not belong here. Prints every finding; exits 1 when there is one.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './workspace.mjs';

/** Row of each package; an import must go to a lower row. */
const ROWS = {
  '@k/apimachinery': 0,
  '@k/pod-security': 1,
  '@k/encryption': 1,
  '@k/audit': 1,
  '@k/api': 2,
  '@k/storage': 2,
  '@k/admission': 3,
  '@k/auth': 3,
  '@k/apiserver': 4,
  '@k/apiserver-app': 5,
};
/** Packages that anybody embeds: nothing of ours below them. */
const ALONE = new Set(['@k/pod-security', '@k/encryption']);
const LINES_MAX = 300;
/** Files that are one table, or one concept that would lose by being cut; the reason stands beside each. */
const LONG = {
  'apps/apiserver/src/flags/flag-groups.ts': 'one table: every flag',
  'packages/api/src/discovery/rows.ts': 'one table: every resource',
  'packages/api/src/schemas/core-v1.ts': 'one table: every shape of core/v1',
  'packages/auth/src/bootstrap/controller-roles.ts': 'one table: every role',
};
const BANNED = [
  [/\b(?:it|test|describe)\.(?:skip|only|todo)\b/, 'a test that does not run'],
  [/expect\(true\)/, 'a test that cannot fail'],
  [/@ts-(?:ignore|nocheck)|\bas any\b/, 'types switched off'],
  [/\bAbortSignal\.any\(.*timeout/i, 'a timeout that Node forgets when garbage is collected: callWithin of @k/apimachinery keeps it'],
  [/\/(?:utils|helpers|common)\.ts$/, 'a file without a concept', 'path'],
];

const findings = [];
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mts', '*.mjs'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));

for (const file of files) {
  const text = readFileSync(join(root, file), 'utf8');
  const lines = text.split('\n');
  const isGenerated = file.includes('/gen/');
  const isSource = /^(?:packages|apps)\/[^/]+\/src\//.test(file) && !isGenerated;
  if (isSource && lines.length - 1 > LINES_MAX && LONG[file] === undefined) {
    findings.push(`${file}: ${lines.length - 1} lines, ${LINES_MAX} at most (one concept per file)`);
  }
  if (LONG[file] !== undefined && lines.length - 1 <= LINES_MAX) findings.push(`${file}: no longer needs its exception in tools/tidy.mjs`);
  if (!isGenerated && file !== 'tools/tidy.mjs') {
    for (const [pattern, why, where] of BANNED) {
      if (where === 'path' && pattern.test(file)) findings.push(`${file}: ${why}`);
      if (where === 'path') continue;
      for (const [i, line] of lines.entries()) if (pattern.test(line)) findings.push(`${file}:${i + 1}: ${why}`);
    }
  }
  checkImports(file, text);
}

/** Refuses imports that go up or sideways, and ones that reach into another package's files. */
function checkImports(file, text) {
  const owner = /^((?:packages|apps)\/[^/]+)\//.exec(file)?.[1];
  if (owner === undefined) return;
  const { name } = JSON.parse(readFileSync(join(root, owner, 'package.json'), 'utf8'));
  const row = ROWS[name];
  if (row === undefined) findings.push(`${owner}: "${name}" has no row in tools/tidy.mjs`);
  for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
    if (specifier.startsWith('.')) {
      const target = normalize(join(dirname(file), specifier));
      // How a package is built may reach for what another one builds from.
      if (
        !file.endsWith('tsup.config.ts') &&
        !target.startsWith(`${owner}/`) &&
        !target.startsWith('tools/') &&
        !target.startsWith('vitest.')
      ) {
        findings.push(`${file}: reaches into ${target}; import the package instead`);
      }
      continue;
    }
    const target = /^@k\/[^/]+/.exec(specifier)?.[0];
    if (target === undefined || target === name) continue;
    if (ROWS[target] === undefined) findings.push(`${file}: "${target}" has no row in tools/tidy.mjs`);
    else if (ROWS[target] >= row) findings.push(`${file}: row ${row} may not import ${target} of row ${ROWS[target]}`);
    else if (ALONE.has(name) && file.includes('/src/')) findings.push(`${file}: ${name} stands alone and may not import ${target}`);
  }
}

for (const finding of findings) process.stderr.write(`${finding}\n`);
process.stdout.write(`tidy: ${files.length} files, ${findings.length} findings\n`);
process.exit(findings.length === 0 ? 0 : 1);

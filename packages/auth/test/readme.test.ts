/** The examples print what they say, and the README shows nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import * as bootstrap from '../src/bootstrap.js';
import * as bootstrapToken from '../src/bootstrap-token.js';
import * as auth from '../src/index.js';
import * as oidc from '../src/oidc.js';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const examples = readdirSync(join(root, 'examples'));
const textOf = (name: string): string => readFileSync(join(root, 'examples', name), 'utf8');

describe('examples', () => {
  it.each(examples)('%s prints what it says', async (name) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await import(/* @vite-ignore */ join(root, 'examples', name));
      const promised = [...textOf(name).matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
      const printed = log.mock.calls.map(([value]) => (typeof value === 'string' ? value : inspect(value).replace(/^\[ (.*) \]$/, '[$1]')));
      expect(printed).toEqual(promised);
      expect(promised.length).toBeGreaterThan(0);
    } finally {
      log.mockRestore();
    }
  });
});

describe('the README', () => {
  it('shows examples only, as they are', () => {
    const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(blocks.sort()).toEqual(examples.map(textOf).sort());
  });

  it('names every function that the package exports', () => {
    const exported = Object.entries({ ...auth, ...bootstrap, ...bootstrapToken, ...oidc });
    for (const [name] of exported) expect(readme, name).toContain(`\`${name}`);
  });
});

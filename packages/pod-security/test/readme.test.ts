/** The examples print what they say, and the README shows nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_CHECKS } from '../src/index.js';

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
      expect(log.mock.calls.map(([value]) => (typeof value === 'string' ? value : inspect(value).replace(/^\[ (.*) \]$/, '[$1]')))).toEqual(
        promised,
      );
      expect(promised.length).toBeGreaterThan(0);
    } finally {
      log.mockRestore();
    }
  });
});

describe('the README', () => {
  const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
  it('shows examples only, as they are', () => {
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(examples.map(textOf)).toContain(block);
  });

  it('names every code of the package in its table of errors, and no other', () => {
    const codes = (text: string): string[] => [...new Set(text.match(/POD_SECURITY_[A-Z_]+/g))].sort();
    expect(codes(readme)).toEqual(codes(readFileSync(join(root, 'src/errors.ts'), 'utf8')));
  });

  it('lists the checks', () => {
    for (const { id } of DEFAULT_CHECKS) expect(readme).toContain(`\`${id}\``);
  });
});

/** The examples print what they say, and the README shows nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const examples = readdirSync(join(root, 'examples'));
const textOf = (name: string): string => readFileSync(join(root, 'examples', name), 'utf8');

it.each(examples)('%s prints what it says', async (name) => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await import(/* @vite-ignore */ join(root, 'examples', name));
    const promised = [...textOf(name).matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
    expect(promised.length).toBeGreaterThan(0);
    expect(log.mock.calls.map(([value]) => String(value))).toEqual(promised);
  } finally {
    log.mockRestore();
  }
});

it('shows examples only, as they are', () => {
  const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) expect(examples.map(textOf)).toContain(block);
});

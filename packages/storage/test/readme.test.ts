import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

describe('README', () => {
  it('explains every error code, and no other', () => {
    const section = read('README.md').split('## Errors')[1]?.split('\n## ')[0] ?? '';
    const explained = [...section.matchAll(/^\| `(STORAGE_\w+)`/gm)].map((match) => match[1]);
    const declared = [...read('src/errors.ts').matchAll(/^ {2}(STORAGE_\w+):/gm)].map((match) => match[1]);
    expect(declared.length).toBeGreaterThan(5);
    expect(explained.toSorted()).toEqual(declared.toSorted());
  });
});

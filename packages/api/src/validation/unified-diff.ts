/**
 * The difference of two values as some messages show it: both printed as JSON, lines compared as Python's difflib does
 * it (upstream uses a port of that), unified hunks with three lines of context, no file names.
 */
import { stringifyExactJson } from '@k/apimachinery';

/** Lines around a change. */
const CONTEXT_LINES = 3;
/** From this many lines on, lines that make up over 1 % are not used to find matches. */
const POPULAR_FROM_LINES = 200;

type Tag = 'equal' | 'replace' | 'delete' | 'insert';
type Operation = [tag: Tag, fromA: number, toA: number, fromB: number, toB: number];

interface Match {
  a: number;
  b: number;
  size: number;
}

/** Go's JSON: `<`, `>` and `&` are escaped. */
function printLines(value: unknown): string[] {
  const text = stringifyExactJson(value, 1).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
  return text.split('\n').map((line) => `${line}\n`);
}

/** Where each line of `b` stands, without lines that occur too often to tell anything. */
function indexLines(b: readonly string[]): Map<string, number[]> {
  const index = new Map<string, number[]>();
  b.forEach((line, i) => {
    const places = index.get(line);
    if (places === undefined) index.set(line, [i]);
    else places.push(i);
  });
  if (b.length >= POPULAR_FROM_LINES) {
    const limit = Math.floor(b.length / 100) + 1;
    for (const [line, places] of index) if (places.length > limit) index.delete(line);
  }
  return index;
}

function longestMatch(
  a: readonly string[],
  b: readonly string[],
  index: Map<string, number[]>,
  [aLow, aHigh, bLow, bHigh]: readonly [number, number, number, number],
): Match {
  let best: Match = { a: aLow, b: bLow, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = aLow; i < aHigh; i++) {
    const next = new Map<number, number>();
    for (const j of index.get(a[i] as string) ?? []) {
      if (j < bLow) continue;
      if (j >= bHigh) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  // Lines that the index leaves out still extend a match on both sides.
  while (best.a > aLow && best.b > bLow && a[best.a - 1] === b[best.b - 1]) best = { a: best.a - 1, b: best.b - 1, size: best.size + 1 };
  while (best.a + best.size < aHigh && best.b + best.size < bHigh && a[best.a + best.size] === b[best.b + best.size]) best.size++;
  return best;
}

function matches(a: readonly string[], b: readonly string[]): Match[] {
  const index = indexLines(b);
  const found: Match[] = [];
  const open: [number, number, number, number][] = [[0, a.length, 0, b.length]];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const match = longestMatch(a, b, index, range);
    if (match.size === 0) continue;
    found.push(match);
    const [aLow, aHigh, bLow, bHigh] = range;
    if (aLow < match.a && bLow < match.b) open.push([aLow, match.a, bLow, match.b]);
    if (match.a + match.size < aHigh && match.b + match.size < bHigh) open.push([match.a + match.size, aHigh, match.b + match.size, bHigh]);
  }
  found.sort((left, right) => left.a - right.a);
  found.push({ a: a.length, b: b.length, size: 0 });
  return found;
}

function operations(a: readonly string[], b: readonly string[]): Operation[] {
  const out: Operation[] = [];
  let i = 0;
  let j = 0;
  for (const match of matches(a, b)) {
    if (i < match.a || j < match.b) {
      const tag = i < match.a ? (j < match.b ? 'replace' : 'delete') : 'insert';
      out.push([tag, i, match.a, j, match.b]);
    }
    i = match.a + match.size;
    j = match.b + match.size;
    if (match.size > 0) {
      const last = out[out.length - 1];
      if (last?.[0] === 'equal') {
        last[2] = i;
        last[4] = j;
      } else out.push(['equal', match.a, i, match.b, j]);
    }
  }
  return out;
}

/** Operations in groups that are shown together: unchanged stretches are cut down to the context. */
function group(all: Operation[]): Operation[][] {
  const first = all[0];
  if (first?.[0] === 'equal') {
    first[1] = Math.max(first[1], first[2] - CONTEXT_LINES);
    first[3] = Math.max(first[3], first[4] - CONTEXT_LINES);
  }
  const last = all[all.length - 1];
  if (last?.[0] === 'equal') {
    last[2] = Math.min(last[2], last[1] + CONTEXT_LINES);
    last[4] = Math.min(last[4], last[3] + CONTEXT_LINES);
  }
  const groups: Operation[][] = [];
  let current: Operation[] = [];
  for (const [tag, fromA, toA, fromB, toB] of all) {
    let startA = fromA;
    let startB = fromB;
    if (tag === 'equal' && toA - fromA > 2 * CONTEXT_LINES) {
      current.push([tag, fromA, Math.min(toA, fromA + CONTEXT_LINES), fromB, Math.min(toB, fromB + CONTEXT_LINES)]);
      groups.push(current);
      current = [];
      startA = Math.max(fromA, toA - CONTEXT_LINES);
      startB = Math.max(fromB, toB - CONTEXT_LINES);
    }
    current.push([tag, startA, toA, startB, toB]);
  }
  if (current.length > 0 && !(current.length === 1 && current[0]?.[0] === 'equal')) groups.push(current);
  return groups;
}

function range(start: number, stop: number): string {
  const length = stop - start;
  if (length === 1) return `${start + 1}`;
  return `${length === 0 ? start : start + 1},${length}`;
}

/** The unified difference of two values; '' when they print alike. */
export function unifiedDiff(before: unknown, after: unknown): string {
  const a = printLines(before);
  const b = printLines(after);
  let out = '';
  for (const hunk of group(operations(a, b))) {
    const first = hunk[0] as Operation;
    const last = hunk[hunk.length - 1] as Operation;
    out += `@@ -${range(first[1], last[2])} +${range(first[3], last[4])} @@\n`;
    for (const [tag, fromA, toA, fromB, toB] of hunk) {
      if (tag === 'equal') {
        for (const line of a.slice(fromA, toA)) out += ` ${line}`;
        continue;
      }
      for (const line of a.slice(fromA, toA)) out += `-${line}`;
      for (const line of b.slice(fromB, toB)) out += `+${line}`;
    }
  }
  return out;
}

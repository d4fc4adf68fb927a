/** OpenAPI v2 of other servers beside our own: their paths, and what these refer to under names that nobody else has. */
import { isDeepStrictEqual } from 'node:util';
import type { RemoteDocument } from '../discovery/remote-groups.js';

type Section = Record<string, unknown>;

interface Document {
  [field: string]: unknown;
  paths?: Section;
  definitions?: Section;
  parameters?: Section;
}

const KINDS = 'x-kubernetes-group-version-kind';
const SECTIONS = ['definitions', 'parameters'] as const;

/**
 * Our own document with the paths of others. A definition whose name is taken by a different one gets `_v2`, `_v3` … behind it.
 *
 * @returns A new document that shares parts with its sources.
 */
export function mergeDocuments(own: object, remotes: readonly RemoteDocument[]): object {
  let merged = own as Document;
  for (const { document, prefixes } of remotes) merged = withPaths(merged, document as Document, prefixes);
  return merged;
}

function withPaths(own: Document, other: Document, prefixes: readonly string[]): Document {
  const isTaken = (path: string): boolean => prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  const paths = Object.entries(other.paths ?? {}).filter(([path]) => isTaken(path));
  const kept = Object.entries(own.paths ?? {}).filter(([path]) => !isTaken(path));
  const used = referencedFrom(Object.fromEntries(paths), other);
  const merged: Document = { ...own };
  const renamed = new Map<string, string>();
  const added: [section: (typeof SECTIONS)[number], name: string, value: unknown][] = [];
  for (const reference of used) {
    const { section, name, value } = targetOf(reference, other);
    const present = (own[section] ?? {}) as Section;
    const free = nameFor(present, name, value);
    if (free !== name) renamed.set(reference, `#/${section}/${escapeName(free)}`);
    added.push([section, free, free in present ? withKinds(present[free], value) : value]);
  }
  for (const section of SECTIONS) {
    const mine = added.filter(([each]) => each === section).map(([, name, value]) => [name, value] as const);
    if (mine.length > 0) merged[section] = { ...(own[section] as Section), ...(rename(Object.fromEntries(mine), renamed) as Section) };
  }
  merged.paths = { ...Object.fromEntries(kept), ...(rename(Object.fromEntries(paths), renamed) as Section) };
  return merged;
}

/** Everything that a value refers to, by way of others as well. */
function referencedFrom(value: unknown, document: Document): Set<string> {
  const found = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [key, inner] of Object.entries(part)) {
      if (key !== '$ref' || typeof inner !== 'string') visit(inner);
      else if (!found.has(inner) && targetOf(inner, document).value !== undefined) {
        found.add(inner);
        visit(targetOf(inner, document).value);
      }
    }
  };
  visit(value);
  return found;
}

function targetOf(reference: string, document: Document): { section: (typeof SECTIONS)[number]; name: string; value: unknown } {
  const [, section = '', name = ''] = /^#\/([^/]+)\/(.+)$/.exec(reference) ?? [];
  const known = SECTIONS.find((each) => each === section);
  const plain = name.replaceAll('~1', '/').replaceAll('~0', '~');
  return { section: known ?? 'definitions', name: plain, value: known && document[known]?.[plain] };
}

const escapeName = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function nameFor(present: Section, name: string, value: unknown): string {
  let free = name;
  for (let i = 2; free in present && !isSame(present[free], value); i++) free = `${name}_v${i}`;
  return free;
}

const withoutKinds = (value: unknown): unknown => ({ ...(value as Section), [KINDS]: undefined });

function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(withoutKinds(a), withoutKinds(b));
}

/** One definition may stand for kinds of several groups. */
function withKinds(own: unknown, other: unknown): unknown {
  const mine = ((own as Section)[KINDS] ?? []) as object[];
  const theirs = ((other as Section)[KINDS] ?? []) as object[];
  const more = theirs.filter((kind) => !mine.some((each) => isDeepStrictEqual(each, kind)));
  return more.length === 0 ? own : { ...(own as Section), [KINDS]: [...mine, ...more] };
}

function rename(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => rename(item, renamed));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? (renamed.get(inner) ?? inner) : rename(inner, renamed),
    ]),
  );
}

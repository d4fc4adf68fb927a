/** Parses manifests and remembers where in the file things stand. */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type ScalarTag,
  visit,
} from 'yaml';
import { listedObjects, type PathPart, parseFieldPath } from '../index.js';
import { InputError } from './console.js';
import type { Source } from './sources.js';

/** A place in a file; both count from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A parsed file. */
export interface Manifest {
  source: Source;
  isJson: boolean;
  documents: Document.Parsed[];
  lines: LineCounter;
}

/** An object of a file. */
export interface ManifestObject {
  manifest: Manifest;
  document: Document.Parsed;
  /** Where it stands in its document, e.g. `['items', 0]`. */
  path: PathPart[];
  object: Record<string, unknown>;
}

/** The words for booleans that kubectl knows and YAML 1.2 does not. */
const WORDS: readonly ScalarTag[] = (
  [
    [/^(?:yes|Yes|YES|on|On|ON)$/, true],
    [/^(?:no|No|NO|off|Off|OFF)$/, false],
  ] as const
).map(([test, value]) => ({ tag: 'tag:yaml.org,2002:bool', default: true, test, resolve: () => value, identify: () => false }));

/** `file:12:7`. */
export function formatPosition(name: string, { line, column }: Position): string {
  return `${name}:${line}:${column}`;
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** @throws {InputError} with file, line and column. */
export function parseManifest(source: Source): Manifest {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    customTags: (tags) => [...WORDS, ...tags],
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      throw new InputError(`${formatPosition(source.name, positionAt(lines, error.pos[0]))}: ${error.message.replaceAll('\n', ' ')}`);
    }
  }
  const isJson = /^\s*[{[]/.test(source.text) && documents.length === 1;
  return { source, isJson, documents, lines };
}

/** The document as plain values. */
function plainValue({ source, lines }: Manifest, document: Document.Parsed): unknown {
  let offset = document.contents?.range[0] ?? 0;
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0] ?? offset;
      return visit.BREAK;
    },
  });
  try {
    return document.toJS();
  } catch (error) {
    throw new InputError(`${formatPosition(source.name, positionAt(lines, offset))}: ${(error as Error).message}`);
  }
}

/** The objects of a file, those in Lists one by one. */
export function objectsOf(manifest: Manifest): ManifestObject[] {
  return manifest.documents.flatMap((document) => {
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return [];
    const at = formatPosition(manifest.source.name, positionAt(manifest.lines, document.contents.range[0]));
    const value = plainValue(manifest, document);
    if (!isMap(document.contents))
      throw new InputError(`${at}: expected an object, got ${isSeq(document.contents) ? 'a list' : 'a value'}`);
    return listedObjects(value as object).map(({ object, path }) => ({
      manifest,
      document,
      path: parseFieldPath(path),
      object: object as Record<string, unknown>,
    }));
  });
}

/** `<<`, which the parser turns into a symbol. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol' && key.value.description === '<<';
}

/** The pair of a key in a map, or in what is merged into it. */
export function pairOf(document: Document.Parsed, node: unknown, key: PathPart): Pair<Node, Node | null> | undefined {
  if (!isMap<Node, Node | null>(node)) return undefined;
  // Keys that were added after parsing are plain values.
  const own = node.items.find((pair) => String(isScalar(pair.key) ? pair.key.value : pair.key) === String(key));
  if (own !== undefined) return own;
  for (const pair of node.items) {
    if (!isMergeKey(pair.key)) continue;
    const merged = isSeq<Node>(pair.value) ? pair.value.items : [pair.value];
    for (const item of merged) {
      const found = pairOf(document, resolved(document, item), key);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** What an alias stands for; any other node is itself. */
export function resolved(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** Where a field stands; if it is not there, the nearest holder of it that is. */
export function positionOf({ manifest, document, path }: ManifestObject, field: string): Position {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const part of [...path, ...parseFieldPath(field)]) {
    node = resolved(document, node);
    const next = isSeq(node) && typeof part === 'number' ? node.items[part] : pairOf(document, node, part);
    if (next === undefined || next === null) break;
    const start = isPair(next) ? (next.key as Node).range?.[0] : (next as Node).range?.[0];
    offset = start ?? offset;
    node = isPair(next) ? next.value : next;
  }
  return positionAt(manifest.lines, offset);
}

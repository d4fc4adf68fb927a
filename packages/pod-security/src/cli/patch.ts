/** Makes changes in a YAML document, so that comments, order and quotes of the rest stay. */
import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Change, PathPart } from '../index.js';
import { isMergeKey, type Manifest, pairOf, resolved } from './manifest.js';

type Collection = YAMLMap<Node, Node | null> | YAMLSeq<Node | null>;

/** A copy without anchors: a name that is given twice would turn later aliases to the copy. */
function copyOf(node: Node): Node {
  const copy = node.clone() as Node;
  visit(copy, {
    Node(_key, inner) {
      if (!isAlias(inner)) delete inner.anchor;
    },
  });
  return copy;
}

/** The child as a node of its own: what an alias or a merge brings in is copied, so that other users of it stay as they are. */
function ownChild(document: Document.Parsed, parent: Collection, part: PathPart): Node | null | undefined {
  if (isSeq(parent)) {
    const item = (parent as YAMLSeq<Node | null>).items[part as number];
    if (!isAlias(item)) return item;
    const copy = copyOf((item as Alias).resolve(document) as Node);
    parent.items[part as number] = copy;
    return copy;
  }
  const map = parent as YAMLMap<Node, Node | null>;
  const pair = pairOf(document, map, part);
  if (pair === undefined) return undefined;
  const value = resolved(document, pair.value) as Node | null;
  if (map.items.includes(pair) && value === pair.value) return value;
  const copy = value === null ? null : copyOf(value);
  if (map.items.includes(pair)) pair.value = copy;
  else map.set(part as never, copy);
  return copy;
}

/** Replaces `<<` by what it stands for, as far as the map does not say otherwise itself. */
function unmerge(document: Document.Parsed, map: YAMLMap<Node, Node | null>): void {
  const merges = map.items.filter(({ key }) => isMergeKey(key));
  if (merges.length === 0) return;
  const keys = new Set(Object.keys(map.toJS(document) as object));
  const missing = [...keys].flatMap((key): Pair<Node, Node | null>[] => {
    const pair = pairOf(document, map, key);
    return pair === undefined || map.items.includes(pair) ? [] : [pair];
  });
  for (const { key, value } of missing) map.set(key, value === null ? null : copyOf(resolved(document, value) as Node));
  map.items = map.items.filter((pair) => !merges.includes(pair));
}

function childFor(document: Document.Parsed, parent: Collection, part: PathPart, next: PathPart): Collection {
  const child = ownChild(document, parent, part);
  if (isCollection(child)) {
    // `{}` would keep all that is added on one line.
    if (child.items.length === 0) child.flow = false;
    return child as Collection;
  }
  const made = document.createNode(typeof next === 'number' ? [] : {}) as unknown as Collection;
  made.flow = false;
  if (isSeq(parent)) parent.items[part as number] = made as never;
  else parent.set(part as never, made as never);
  return made;
}

function setIn(document: Document.Parsed, parent: Collection, part: PathPart, value: unknown): void {
  const current = ownChild(document, parent, part);
  if (isScalar(current) && (typeof value !== 'object' || value === null) && current.anchor === undefined) {
    current.value = value;
    delete current.source;
    return;
  }
  const node = document.createNode(value, { flow: true }) as Node;
  if (isSeq(parent)) parent.items[part as number] = node as never;
  else parent.set(part as never, node as never);
}

function dropFrom(document: Document.Parsed, parent: Collection, part: PathPart): void {
  if (isSeq(parent)) parent.items.splice(part as number, 1);
  else {
    unmerge(document, parent as YAMLMap<Node, Node | null>);
    (parent as YAMLMap<Node, Node | null>).delete(part as never);
  }
}

/** Makes one change below `root`, the path of an object in the document. */
export function changeDocument(document: Document.Parsed, root: readonly PathPart[], change: Change): void {
  const path = [...root, ...change.path];
  const parents: Collection[] = [document.contents as unknown as Collection];
  for (let i = 0; i < path.length - 1; i++) {
    parents.push(childFor(document, parents[i] as Collection, path[i] as PathPart, path[i + 1] as PathPart));
  }
  const last = path.length - 1;
  if (change.action === 'set') {
    setIn(document, parents[last] as Collection, path[last] as PathPart, change.value);
    return;
  }
  dropFrom(document, parents[last] as Collection, path[last] as PathPart);
  for (let i = 0; i < (change.emptyParents ?? 0) && last - i > 0 && (parents[last - i] as Collection).items.length === 0; i++) {
    dropFrom(document, parents[last - i - 1] as Collection, path[last - i - 1] as PathPart);
  }
}

/** Whether lists in the text stand further in than the key that holds them. */
function hasIndentedLists(text: string): boolean {
  const found = /^( *)[^\s#-][^\n]*:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- /m.exec(text);
  return found !== null && (found[2] ?? '').length > (found[1] ?? '').length;
}

function jsonIndent(text: string): string | number {
  const found = /^\s*[{[]\r?\n([ \t]+)/.exec(text)?.[1];
  return found ?? (/\n/.test(text.trim()) ? 2 : 0);
}

/** The text of a file, in which the documents that were changed are written anew and the others are as they were. */
export function printManifest(manifest: Manifest, changed: ReadonlySet<Document.Parsed>): string {
  const { text } = manifest.source;
  if (changed.size === 0) return text;
  if (manifest.isJson) return `${JSON.stringify(manifest.documents[0]?.toJS(), null, jsonIndent(text))}\n`;
  let end = 0;
  return manifest.documents
    .map((document) => {
      const original = text.slice(end, document.range[2]);
      end = document.range[2];
      if (!changed.has(document)) return original;
      const written = document.toString({
        lineWidth: 0,
        indentSeq: hasIndentedLists(original),
        flowCollectionPadding: /\{ /.test(original),
      });
      return written.endsWith('\n') ? written : `${written}\n`;
    })
    .join('');
}

import { isMap, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml';

/** A document's value, and the fields that it has twice. */
export interface ReadText {
  value: unknown;
  /** In the words of the decoder that would have found them: YAML names the line, JSON the path. */
  duplicates: string[];
}

/**
 * Reads YAML or JSON. Messages name lines, never the text around a fault: it may be a key.
 *
 * @param fail - Makes the error to throw for what is neither.
 */
export function readText(source: string, fail: (text: string) => Error): ReadText {
  const lines = new LineCounter();
  const document = parseDocument(source, { uniqueKeys: false, lineCounter: lines, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) throw fail(`yaml: line ${error.linePos?.[0].line ?? 1}: ${error.code.toLowerCase().replaceAll('_', ' ')}`);
  const isJson = source.trimStart().startsWith('{');
  const duplicates: string[] = [];
  findDuplicates(document.contents, '', (path, key, node) => {
    if (isJson) duplicates.push(`duplicate field ${JSON.stringify(path)}`);
    else duplicates.push(`line ${lines.linePos(node.range?.[0] ?? 0).line}: key ${JSON.stringify(key)} already set in map`);
  });
  let value: unknown;
  try {
    value = document.toJS();
  } catch {
    // The library refuses aliases that would unfold beyond measure.
    throw fail('yaml: document contains excessive aliasing');
  }
  const isYaml = !isJson && duplicates.length > 0;
  return { value, duplicates: isYaml ? [`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`] : duplicates };
}

function findDuplicates(node: ParsedNode | Node | null, path: string, found: (path: string, key: string, value: Node) => void): void {
  if (isSeq(node)) {
    node.items.forEach((item, i) => {
      findDuplicates(item as Node | null, `${path}[${i}]`, found);
    });
  }
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const pair of node.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : '(not a name)';
    const at = path === '' ? key : `${path}.${key}`;
    if (seen.has(key)) found(at, key, (pair.value ?? pair.key) as Node);
    seen.add(key);
    findDuplicates(pair.value as Node | null, at, found);
  }
}

import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, parseDocument, visit, YAMLError } from 'yaml';
import { isPlainJson } from './count-members.js';
import { exactInteger } from './exact-json.js';

/** YAML 1.1 booleans without quotes, as Kubernetes' decoder reads them: `y`, `yes`, `on` and their like are booleans. */
const OPTIONS = { version: '1.1', merge: true, prettyErrors: false } as const;
/** Nodes that aliases may stand for in all. */
const ALIASES_MAX = 100;

/** A parsed document with the keys that occur twice in one map. */
export interface ParsedYaml {
  value: unknown;
  /** `line N: key "k" already set in map`; the last value counts. */
  duplicates: string[];
}

/**
 * Parses one YAML (or JSON) document.
 *
 * @throws {SyntaxError} `yaml: line N: …`; also for duplicate keys and alias bombs.
 */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, { ...OPTIONS, uniqueKeys: true });
  return toValue(document, text);
}

/**
 * Parses the first YAML (or JSON) document of a text; keys that occur twice are reported rather than refused.
 *
 * @throws {SyntaxError} `yaml: line N: …`; also for alias bombs.
 */
export function parseYamlFields(text: string): ParsedYaml {
  const json = plainJson(text);
  if (json !== undefined) return { value: json, duplicates: [] };
  const lines = new LineCounter();
  const document = parseDocument(text, { ...OPTIONS, uniqueKeys: false, lineCounter: lines });
  document.errors = document.errors.filter(({ code }) => code !== 'MULTIPLE_DOCS');
  const value = toValue(document, text);
  const duplicates: string[] = [];
  visit(document, {
    Map(_key, node) {
      if (!isMap(node)) return;
      const seen = new Set<unknown>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          duplicates.push(`line ${lines.linePos(key.range?.[0] ?? 0).line}: key ${JSON.stringify(String(key.value))} already set in map`);
        }
        seen.add(key.value);
      }
    },
  });
  return { value, duplicates };
}

/** What JSON and YAML may read in different ways: other characters, escapes by number, keys with a meaning in YAML. */
const UNLIKE = /[^\x20-\x7e\r\n]|\\u|"<<"|"__proto__"/;

/**
 * The value of a text that is JSON and means the same in YAML: what most clients send as YAML. Reading it as JSON takes a
 * hundredth of the time.
 *
 * @returns `undefined` for other texts.
 */
function plainJson(text: string): unknown {
  if (text[0] !== '{' || UNLIKE.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isPlainJson(text, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Parses a stream of documents separated by `---`; empty ones are left out. */
export function parseYamlDocuments(text: string): unknown[] {
  const out: unknown[] = [];
  const documents = parseAllDocuments(text, { ...OPTIONS, uniqueKeys: true });
  for (const document of Array.isArray(documents) ? documents : []) {
    const value = toValue(document, text);
    if (value !== null && value !== undefined) out.push(value);
  }
  return out;
}

/** Digits that a double may not hold. */
const LONG_DIGITS = /\d{16}/;

/** Integers beyond ±2^53 keep all their digits. */
function keepDigits(document: Pick<Document, 'errors' | 'toJS'>): void {
  visit(document as Document, {
    Scalar(_key, node) {
      const { value, source = '' } = node;
      if (typeof value === 'number' && /^-?\d+$/.test(source)) node.value = exactInteger(source);
    },
  });
}

function toValue(document: Pick<Document, 'errors' | 'toJS'>, text: string): unknown {
  const [error] = document.errors;
  if (error !== undefined) throw yamlError(error, text);
  if (LONG_DIGITS.test(text)) keepDigits(document);
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    // Aliases that stand for too much, or for themselves.
    throw new SyntaxError(`yaml: ${cause instanceof YAMLError ? cause.message : 'document contains excessive aliasing'}`);
  }
}

/** Texts that the usual YAML decoders give, by this one's codes. */
const TEXTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_SCALAR_START: 'found character that cannot start any token',
  BAD_INDENT: 'did not find expected key',
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
  BAD_ALIAS: 'did not find expected alphabetic or numeric character',
  BAD_DQ_ESCAPE: 'found unknown escape character',
  UNEXPECTED_TOKEN: 'did not find expected node content',
};

/** A fault as the decoders of other languages word it: `yaml: line N: did not find expected ',' or ']'`. */
function yamlError(error: YAMLError, text: string): SyntaxError {
  const line = text.slice(0, error.pos[0]).split('\n').length;
  let detail = TEXTS[error.code] ?? error.message;
  if (error.code === 'DUPLICATE_KEY') detail = 'a key is already set in map';
  if (/^Flow (map|sequence)/.test(error.message)) {
    const close = error.message.startsWith('Flow map') ? '}' : ']';
    detail = /[,[{]\s*$/.test(text) ? 'did not find expected node content' : `did not find expected ',' or '${close}'`;
  } else if (error.code === 'MISSING_CHAR' && /quote/i.test(error.message)) detail = 'found unexpected end of stream';
  return new SyntaxError(`yaml: line ${line}: ${detail}`);
}

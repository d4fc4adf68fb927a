import { parseExactJson } from './exact-json.js';

/** The next token of valid JSON: punctuation, a string, or a number or word. */
const TOKEN = /\s*([{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+)/y;

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function put(target: JsonObject, key: string, value: unknown): void {
  const known = Object.hasOwn(target, key) ? target[key] : undefined;
  if (isObject(known) && isObject(value)) {
    for (const name of Object.keys(value)) put(known, name, value[name]);
  } else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Parses valid JSON in which fields occur twice as Go's decoder reads it: objects of the same name are merged, of other
 * values the last one counts. Slower than `JSON.parse`, and meant for the rare text that needs it.
 */
export function parseMergingDuplicates(text: string): unknown {
  const token = new RegExp(TOKEN);
  const next = (): string => (token.exec(text) as RegExpExecArray)[1] as string;
  const read = (first: string): unknown => {
    if (first === '{') {
      const object: JsonObject = {};
      for (let key = next(); key !== '}'; key = next()) {
        if (key === ',') continue;
        next();
        put(object, JSON.parse(key) as string, read(next()));
      }
      return object;
    }
    if (first === '[') {
      const list: unknown[] = [];
      for (let item = next(); item !== ']'; item = next()) if (item !== ',') list.push(read(item));
      return list;
    }
    return parseExactJson(first);
  };
  return read(next());
}

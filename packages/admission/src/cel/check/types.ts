/** Types of expressions, as the checker reckons with them and as messages name them. */

/** A type. `params` are those of lists, maps, optionals and `type`. */
export interface CelType {
  readonly kind: 'dyn' | 'error' | 'null' | 'scalar' | 'list' | 'map' | 'type' | 'param' | 'opaque' | 'struct';
  readonly name: string;
  readonly params: readonly CelType[];
  /** Structs only: the type of a field, null when there is no such field. */
  readonly field?: (name: string) => CelType | null;
}

const plain = (kind: CelType['kind'], name: string): CelType => ({ kind, name, params: [] });

export const DYN: CelType = plain('dyn', 'dyn');
/** Like `dyn`, but nothing that macros walk over. */
export const ANY: CelType = plain('dyn', 'google.protobuf.Any');
export const ERROR: CelType = plain('error', '!error!');
export const NULL: CelType = plain('null', 'null_type');
export const BOOL: CelType = plain('scalar', 'bool');
export const INT: CelType = plain('scalar', 'int');
export const UINT: CelType = plain('scalar', 'uint');
export const DOUBLE: CelType = plain('scalar', 'double');
export const STRING: CelType = plain('scalar', 'string');
export const BYTES: CelType = plain('scalar', 'bytes');
export const TIMESTAMP: CelType = plain('scalar', 'google.protobuf.Timestamp');
export const DURATION: CelType = plain('scalar', 'google.protobuf.Duration');

export const listOf = (item: CelType): CelType => ({ kind: 'list', name: 'list', params: [item] });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: 'map', name: 'map', params: [key, value] });
export const optionalOf = (value: CelType): CelType => ({ kind: 'opaque', name: 'optional_type', params: [value] });
export const typeOf = (type: CelType): CelType => ({ kind: 'type', name: 'type', params: [type] });

/** A type with fields. */
export function structOf(name: string, field: (name: string) => CelType | null): CelType {
  return { kind: 'struct', name, params: [], field };
}

const NAMED: ReadonlyMap<string, CelType> = new Map([
  ['dyn', DYN],
  ['null', NULL],
  ['null_type', NULL],
  ['bool', BOOL],
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['string', STRING],
  ['bytes', BYTES],
  ['timestamp', TIMESTAMP],
  ['duration', DURATION],
  ['google.protobuf.Timestamp', TIMESTAMP],
  ['google.protobuf.Duration', DURATION],
]);

/** Types that expressions can name as values, e.g. `type(x) == string`. */
export const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map([
  ...NAMED,
  ['list', listOf(DYN)],
  ['map', mapOf(DYN, DYN)],
  ['type', typeOf(DYN)],
]);

/** Reads `list<T>`, `map<string, dyn>`, `optional<int>`, `kubernetes.URL`; one capital letter is a parameter. */
export function readType(text: string, structs?: (name: string) => CelType | null): CelType {
  const open = text.indexOf('<');
  if (open < 0) {
    if (/^[A-Z]$/.test(text)) return plain('param', text);
    return NAMED.get(text) ?? structs?.(text) ?? plain('opaque', text);
  }
  const name = text.slice(0, open);
  const params = splitTypes(text.slice(open + 1, -1)).map((part) => readType(part, structs));
  if (name === 'optional') return optionalOf(params[0] as CelType);
  return { kind: name === 'list' ? 'list' : name === 'map' ? 'map' : name === 'type' ? 'type' : 'opaque', name, params };
}

/** Splits at the commas that stand outside of brackets. */
export function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const char = text[i];
    if (char === '<') depth++;
    else if (char === '>') depth--;
    else if ((char === ',' && depth === 0) || char === undefined) {
      const part = text.slice(start, i).trim();
      if (part !== '') parts.push(part);
      start = i + 1;
    }
  }
  return parts;
}

/** As checker errors print it: `list(int)`, `null`, `timestamp`. */
export function formatType(type: CelType): string {
  if (type === ANY) return 'any';
  if (type === NULL) return 'null';
  if (type === TIMESTAMP) return 'timestamp';
  if (type === DURATION) return 'duration';
  if (type.params.length === 0) return type.name;
  return `${type.name}(${type.params.map(formatType).join(', ')})`;
}

/** As messages about results print it: `list(int)`, `null_type`, `google.protobuf.Timestamp`. */
export function printType(type: CelType): string {
  return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(printType).join(', ')})`;
}

/** True when both are the same type. */
export function isExactly(a: CelType, b: CelType): boolean {
  return (
    a === b ||
    (a.kind === b.kind &&
      a.name === b.name &&
      a.params.length === b.params.length &&
      a.params.every((p, i) => isExactly(p, b.params[i] as CelType)))
  );
}

/** True for the optional that CEL wraps values in. */
export const isOptional = (type: CelType): boolean => type.kind === 'opaque' && type.name === 'optional_type';

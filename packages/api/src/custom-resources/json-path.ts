/** The part of kubectl's JSONPath that printer columns and subresources use. */

type Step =
  | { kind: 'field'; name: string }
  | { kind: 'index'; index: number }
  | { kind: 'all' }
  | { kind: 'filter'; path: Step[]; operator: string; value: unknown };

/** A parsed path. */
export type JsonPath = readonly Step[];

function literal(text: string): unknown {
  const trimmed = text.trim();
  if (/^(["']).*\1$/s.test(trimmed)) return trimmed.slice(1, -1);
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  const number = Number(trimmed);
  return trimmed !== '' && !Number.isNaN(number) ? number : trimmed;
}

function bracket(inner: string): Step | null {
  if (inner === '*') return { kind: 'all' };
  if (/^-?\d+$/.test(inner)) return { kind: 'index', index: Number(inner) };
  const quoted = /^(['"])(.*)\1$/s.exec(inner);
  if (quoted !== null) return { kind: 'field', name: quoted[2] as string };
  const filter = /^\?\(\s*@(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.*?))?\s*\)$/s.exec(inner);
  if (filter === null) return null;
  const path = parseJsonPath(filter[1] as string);
  return path === null ? null : { kind: 'filter', path: [...path], operator: filter[2] ?? 'exists', value: literal(filter[3] ?? '') };
}

/** Where the bracket that opens at `start` closes; -1 when it does not. */
function closing(text: string, start: number): number {
  let depth = 0;
  let quote = '';
  for (let i = start; i < text.length; i++) {
    const char = text[i] as string;
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return i;
  }
  return -1;
}

/**
 * Parses `.spec.items[0].name`, `.a['b.c']`, `.list[*]`, `.list[?(@.type=="Ready")].status`, `.a\.b`.
 *
 * @returns `null` for what is none of these; such a column stays empty.
 */
export function parseJsonPath(text: string): JsonPath | null {
  const steps: Step[] = [];
  let i = 0;
  while (i < text.length) {
    if (text[i] === '[') {
      const end = closing(text, i);
      const step = end < 0 ? null : bracket(text.slice(i + 1, end).trim());
      if (step === null) return null;
      steps.push(step);
      i = end + 1;
      continue;
    }
    if (text[i] === '.') i++;
    if (i >= text.length || text[i] === '[') continue;
    let name = '';
    for (; i < text.length && text[i] !== '.' && text[i] !== '['; i++) {
      if (text[i] === '\\' && i + 1 < text.length) i++;
      name += text[i];
    }
    if (name === '') return null;
    steps.push(name === '*' ? { kind: 'all' } : { kind: 'field', name });
  }
  return steps;
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) return false;
  const [a, b] = [left, right as typeof left];
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

function take(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? value : Object.values(value);
  if (step.kind === 'all') return entries;
  if (step.kind === 'index') {
    if (!Array.isArray(value)) return [];
    const item: unknown = value[step.index < 0 ? value.length + step.index : step.index];
    return item === undefined ? [] : [item];
  }
  if (step.kind === 'field')
    return !Array.isArray(value) && Object.hasOwn(value, step.name) ? [(value as Record<string, unknown>)[step.name]] : [];
  return entries.filter((entry) => {
    const found = findAll(entry, step.path);
    return step.operator === 'exists' ? found.length > 0 : found.some((left) => compare(left, step.operator, step.value));
  });
}

/** Every value that a path leads to. */
export function findAll(object: unknown, path: JsonPath): unknown[] {
  return path.reduce<unknown[]>((values, step) => values.flatMap((value) => take(value, step)), [object]);
}

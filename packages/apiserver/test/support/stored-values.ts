import type { Schema } from '@k/apimachinery';

/** Values of a schema, with more or less of its fields set; none that is empty, which Go does not tell from absent. */
export function* randomValues(schema: Schema, { count, seed }: { count: number; seed: number }): Generator<unknown> {
  let state = seed;
  const next = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  for (let i = 0; i < count; i++) yield randomValue(schema, { next, chance: [0.1, 0.5, 0.9][i % 3] as number, depth: 0 });
}

interface Randomness {
  next: () => number;
  /** How many of the fields are set. */
  chance: number;
  depth: number;
}

const SPECIAL: readonly (readonly [end: string, value: unknown])[] = [
  ['.FieldsV1', { 'f:spec': { 'f:replicas': {} } }],
  ['.RawExtension', { kind: 'X', list: [1, 'é'] }],
  ['.JSONSchemaPropsOrBool', true],
  ['.JSONSchemaPropsOrArray', { title: 't' }],
  ['.JSONSchemaPropsOrStringArray', ['s']],
  ['.v1.JSON', [1, { a: null }]],
];

function randomValue(schema: Schema, random: Randomness): unknown {
  const special = SPECIAL.find(([end]) => schema.definition?.endsWith(end));
  if (special !== undefined) return structuredClone(special[1]);
  const number = 1 + Math.floor(random.next() * 1000);
  const deeper = { ...random, depth: random.depth + 1 };
  switch (schema.type) {
    case 'string':
      return textOf(schema, number);
    case 'boolean':
      return true;
    case 'integer':
      return number;
    case 'number':
      return number + 0.5;
    case 'int-or-string':
      return number % 2 === 0 ? number : `${number}%`;
    case 'array':
      return Array.from({ length: 1 + (number % 2) }, () => randomValue(schema.items as Schema, deeper));
    default:
      if (schema.values !== undefined) return { b: randomValue(schema.values, deeper), a: randomValue(schema.values, deeper) };
      return objectOf(schema, deeper);
  }
}

function textOf({ format, enum: allowed }: Schema, number: number): string {
  if (format === 'byte') return Buffer.from(`b${number}`).toString('base64');
  if (format === 'date-time') return '2026-11-25T01:02:03Z';
  if (format === 'micro-time') return '2026-11-25T01:02:03.000456Z';
  if (format === 'quantity') return `${number}Mi`;
  const known = allowed?.filter((value) => value !== '') ?? [];
  return known.length > 0 ? String(known[number % known.length]) : `s${number}`;
}

function objectOf(schema: Schema, random: Randomness): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const { properties = {}, definition } = schema;
  // Schemas of fields nest without end.
  if (definition?.endsWith('.JSONSchemaProps') && random.depth > 6) return { title: 't' };
  for (const [name, field] of Object.entries(properties)) {
    if (properties['metadata'] !== undefined && (name === 'apiVersion' || name === 'kind')) continue;
    if (random.depth > 8 && random.next() > 0.2) continue;
    if (random.next() < random.chance) out[name] = randomValue(field, random);
  }
  return out;
}

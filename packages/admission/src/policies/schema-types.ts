import type { Schema } from '@k/apimachinery';
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listOf, mapOf, STRING, structOf, TIMESTAMP } from '../cel/check/types.js';

/** Formats of strings that expressions see as something else; what can be a number too is not typed. */
const FORMATS: ReadonlyMap<string | undefined, CelType> = new Map([
  ['date-time', TIMESTAMP],
  ['micro-time', TIMESTAMP],
  ['duration', DURATION],
  ['byte', BYTES],
  ['quantity', DYN],
]);

/** The type of the values of a schema. Schemas may be recursive: fields are looked at when they are asked for. */
export function typeOfSchema(schema: Schema | undefined, name: string): CelType {
  if (schema === undefined || schema.preserveUnknownFields === true) return DYN;
  switch (schema.type) {
    case 'string':
      return FORMATS.get(schema.format) ?? STRING;
    case 'integer':
      return INT;
    case 'number':
      return DOUBLE;
    case 'boolean':
      return BOOL;
    case 'array':
      return listOf(typeOfSchema(schema.items, `${name}.@idx`));
    case 'object': {
      const { properties, values } = schema;
      if (properties === undefined) return values === undefined ? DYN : mapOf(STRING, typeOfSchema(values, `${name}.@elem`));
      return structOf(name, (given) => {
        // Names that are words of the language may be written with underscores around them.
        const field = Object.hasOwn(properties, given) ? given : given.replace(/^__(.+)__$/, '$1');
        return Object.hasOwn(properties, field) ? typeOfSchema(properties[field], `${name}.${field}`) : null;
      });
    }
    default:
      return DYN;
  }
}

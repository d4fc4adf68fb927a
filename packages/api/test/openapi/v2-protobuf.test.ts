import { describe, expect, it } from 'vitest';
import { encodeOpenApiV2 } from '../../src/openapi/index.js';

/** Fields of a protobuf message: number → values; length-delimited ones as bytes. */
function decode(bytes: Buffer): Map<number, (Buffer | number)[]> {
  const out = new Map<number, (Buffer | number)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = tag >> 3;
    let value: Buffer | number;
    if ((tag & 7) === 0) value = varint();
    else if ((tag & 7) === 1) {
      value = bytes.readDoubleLE(at);
      at += 8;
    } else {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    }
    out.set(number, [...(out.get(number) ?? []), value]);
  }
  return out;
}

const message = (fields: Map<number, (Buffer | number)[]>, ...path: number[]): Map<number, (Buffer | number)[]> =>
  path.reduce((node, number) => decode(node.get(number)?.[0] as Buffer), fields);
const text = (fields: Map<number, (Buffer | number)[]>, number: number): string => String(fields.get(number)?.[0]);

describe('OpenAPI v2 in protobuf', () => {
  const bytes = encodeOpenApiV2({
    swagger: '2.0',
    info: { title: 'T', version: 'v1' },
    paths: {
      '/a': {
        patch: {
          operationId: 'patchA',
          parameters: [
            { name: 'body', in: 'body', required: true, schema: { $ref: '#/definitions/A' } },
            { name: 'dryRun', in: 'query', type: 'string', uniqueItems: true },
            { $ref: '#/parameters/force' },
          ],
          responses: { '200': { description: 'OK', schema: { $ref: '#/definitions/A' } } },
          'x-kubernetes-action': 'patch',
        },
      },
    },
    definitions: {
      A: {
        description: `long ${'x'.repeat(300)}`,
        type: 'object',
        properties: {
          list: { type: 'array', items: { type: 'string' } },
          map: { type: 'object', additionalProperties: { type: 'string' } },
        },
        'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'A' }],
      },
    },
  });
  const document = decode(bytes);

  it('writes the head', () => {
    expect(text(document, 1)).toBe('2.0');
    expect(text(message(document, 2), 1)).toBe('T');
  });

  it('writes operations with their three kinds of parameters and extensions', () => {
    const path = message(document, 8, 2);
    expect(text(path, 1)).toBe('/a');
    const patch = message(path, 2, 8);
    expect(text(patch, 5)).toBe('patchA');
    const [body, query, reference] = (patch.get(8) as Buffer[]).map((item) => decode(item));
    expect(text(message(body as never, 1, 1), 2)).toBe('body');
    expect(text(message(query as never, 1, 2, 3), 4)).toBe('dryRun');
    expect(text(message(reference as never, 2), 1)).toBe('#/parameters/force');
    expect([text(message(patch, 13), 1), text(message(patch, 13, 2), 2)]).toEqual(['x-kubernetes-action', '"patch"']);
    const response = message(patch, 9, 1);
    expect([text(response, 1), text(message(response, 2, 1, 2, 1), 1)]).toEqual(['200', '#/definitions/A']);
  });

  it('writes definitions with their properties', () => {
    const definition = message(document, 9, 1);
    const schema = message(definition, 2);
    expect(text(schema, 4)).toBe(`long ${'x'.repeat(300)}`);
    expect(text(message(schema, 22), 1)).toBe('object');
    const [list, map] = (message(schema, 25).get(1) as Buffer[]).map((entry) => message(decode(entry), 2));
    expect(text(message(list as never, 23, 1, 22), 1)).toBe('string');
    expect(text(message(map as never, 21, 1, 22), 1)).toBe('string');
    expect(text(message(schema, 31, 2), 2)).toBe('[{"group":"","version":"v1","kind":"A"}]');
  });
});

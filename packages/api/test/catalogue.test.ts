import { describe, expect, it } from 'vitest';
import { age, createBuiltInCatalogue, pruneAndDefault } from '../src/index.js';

describe('catalogue', () => {
  const catalogue = createBuiltInCatalogue();

  it('serves every schema that discovery names', () => {
    let count = 0;
    for (const definition of catalogue.definitions()) {
      for (const version of definition.versions) {
        expect(version.schema.properties, `${definition.resource} ${version.version}`).toBeDefined();
        count++;
      }
    }
    expect(count).toBe(68);
  });

  it('prunes unknown fields, reports wrong types, fills defaults', () => {
    const served = catalogue.find('', 'v1', 'configmaps');
    const object = { kind: 'ConfigMap', metadata: { name: 'a', label: {} }, dta: {}, data: { k: 1 } } as never;
    expect(pruneAndDefault(object, served?.version.schema as never, { fieldValidation: 'Warn' })).toEqual({
      unknownFields: ['metadata.label', 'dta'],
      typeErrors: ['json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
    });
    expect(object).toEqual({ kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 1 } });
  });

  it.each([
    [5, '5s'],
    [119, '119s'],
    [200, '3m20s'],
    [600, '10m'],
    [3 * 3600, '3h'],
    [50 * 3600, '2d2h'],
    [30 * 86_400, '30d'],
  ])('prints an age of %d s as %s', (seconds, text) => {
    const now = Date.parse('2026-01-31T00:00:00Z');
    expect(age(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
  });
});

import { createBuiltInCatalogue, pruneAndDefault } from '@k/api';
import { fieldErrorCause } from '@k/apimachinery';

const service = catalogueEntry('services');
const object = { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 70000 }], colour: 'red' } };
const { unknownFields } = pruneAndDefault(object, service.version.schema, { fieldValidation: 'Strict' });
service.definition.strategy.applyDefaults?.(object, 'v1');
const errors = service.definition.strategy.validate?.(object) ?? [];

console.log(unknownFields.join()); // spec.colour
console.log(errors.map(fieldErrorCause)[0]?.field); // spec.ports[0].port
console.log(errors.map(fieldErrorCause)[0]?.message); // Invalid value: 70000: must be between 1 and 65535, inclusive

function catalogueEntry(resource: string) {
  const served = createBuiltInCatalogue().find('', 'v1', resource);
  if (served === undefined) throw new RangeError(`no resource ${resource}`);
  return served;
}

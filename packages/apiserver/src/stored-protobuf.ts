import { type Catalogue, pruneAndDefault } from '@k/api';
import { decodeProtobuf, ProtobufError, readProtobufEnvelope } from '@k/api/protobuf';
import { formatGroupVersion, type KubeObject, parseGroupVersion } from '@k/apimachinery';

/**
 * Reads an object that a kube-apiserver has stored: what the same object would be in JSON, in the version in which this
 * server stores it.
 *
 * @param storagePath - Where the value lies: `pods`, `services/specs`.
 * @throws ProtobufError for bytes that are none, and for kinds and versions that are not served or belong elsewhere.
 */
export function readStoredProtobuf(value: Buffer, storagePath: string, catalogue: Catalogue): KubeObject {
  const { apiVersion, kind, raw } = readProtobufEnvelope(value);
  const { group, version } = parseGroupVersion(apiVersion) ?? { group: '', version: '' };
  const served = catalogue.findKind(group, version, kind);
  if (served?.definition.storagePath !== storagePath) throw new ProtobufError(`${apiVersion} ${kind} is not stored at "${storagePath}"`);
  const { definition, version: own } = served;
  const object: KubeObject = { kind, apiVersion, ...decodeProtobuf(raw, own.schema) };
  pruneAndDefault(object, own.schema, { fieldValidation: 'Ignore' });
  definition.strategy.applyDefaults?.(object, own.version);
  // Some kinds lie in the store as they were written.
  if (definition.coerceStored === true || version === definition.storageVersion) return object;
  return (
    definition.convert?.(object, definition.storageVersion) ?? {
      ...object,
      apiVersion: formatGroupVersion({ group, version: definition.storageVersion }),
    }
  );
}

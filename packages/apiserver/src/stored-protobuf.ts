import { type Catalogue, pruneAndDefault, type ServedResource } from '@k/api';
import { decodeProtobuf, ProtobufError, readProtobufEnvelope } from '@k/api/protobuf';
import { formatGroupVersion, type KubeObject, parseGroupVersion } from '@k/apimachinery';

/**
 * Kinds that became v1 as they were. A kube-apiserver stores them in the older version for one more release, and they lie so
 * until they are written again.
 */
const UNCHANGED_IN_V1: Readonly<Record<string, readonly string[]>> = {
  'admissionregistration.k8s.io/v1beta1': [
    ...['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    ...['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
  ],
  'flowcontrol.apiserver.k8s.io/v1beta3': ['FlowSchema', 'PriorityLevelConfiguration'],
  'networking.k8s.io/v1beta1': ['IPAddress', 'ServiceCIDR'],
  'storage.k8s.io/v1beta1': ['VolumeAttributesClass'],
};

/**
 * Reads an object that a kube-apiserver has stored: what the same object would be in JSON, in the version in which this
 * server stores it.
 *
 * @param storagePath - Where the value lies: `pods`, `services/specs`.
 * @throws ProtobufError for bytes that are none, and for kinds and versions that are not known or belong elsewhere.
 */
export function readStoredProtobuf(value: Buffer, storagePath: string, catalogue: Catalogue): KubeObject {
  const { apiVersion, kind, raw } = readProtobufEnvelope(value);
  const served = servedAs(apiVersion, kind, catalogue);
  if (served?.definition.storagePath !== storagePath) throw new ProtobufError(`${apiVersion} ${kind} is not stored at "${storagePath}"`);
  const { definition, version } = served;
  const inVersion = (to: string): string => formatGroupVersion({ group: definition.group, version: to });
  const object: KubeObject = { kind, apiVersion: inVersion(version.version), ...decodeProtobuf(raw, version.schema) };
  pruneAndDefault(object, version.schema, { fieldValidation: 'Ignore' });
  definition.strategy.applyDefaults?.(object, version.version);
  const { storageVersion } = definition;
  if (version.version === storageVersion) return object;
  return definition.convert?.(object, storageVersion) ?? { ...object, apiVersion: inVersion(storageVersion) };
}

function servedAs(apiVersion: string, kind: string, catalogue: Catalogue): ServedResource | undefined {
  const { group, version } = parseGroupVersion(apiVersion) ?? { group: '', version: '' };
  const isUnchanged = UNCHANGED_IN_V1[apiVersion]?.includes(kind) === true;
  return catalogue.findKind(group, isUnchanged ? 'v1' : version, kind);
}

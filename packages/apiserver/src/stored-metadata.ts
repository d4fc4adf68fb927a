import { findMember, type StoredObject } from '@k/storage';

/** A string of a stored object's metadata, read where it stands: nothing else is parsed. */
function metadataText({ json }: StoredObject, name: string): string | undefined {
  const metadata = findMember(json, 0, 'metadata');
  const member = metadata === null ? null : findMember(json, metadata.valueStart, name);
  if (member === null) return undefined;
  const value: unknown = JSON.parse(json.toString('utf8', member.valueStart, member.valueEnd));
  return typeof value === 'string' ? value : undefined;
}

/** The uid of a stored object. */
export function uidOf(stored: StoredObject): string | undefined {
  return metadataText(stored, 'uid');
}

/** When the deletion of a stored object was asked for, RFC 3339. */
export function deletionTimestampOf(stored: StoredObject): string | undefined {
  return metadataText(stored, 'deletionTimestamp');
}

import { findMember } from './json-member.js';

/** Gives memory for an object's bytes. */
export type Allocate = (sizeBytes: number) => Buffer;

const METADATA = Buffer.from('"metadata":{');
const VERSION = 'resourceVersion';
/** What comes before the metadata of what this project wrote is shorter. */
const HEAD_BYTES_MAX = 128;

/**
 * Puts `"resourceVersion":"N"` into an object's JSON, first in its metadata, without parsing it; a version that is
 * already there is replaced. The result is a buffer of its own, so that keeping it keeps nothing else alive.
 *
 * @param hasVersion - False when the caller knows that the metadata holds no resourceVersion: saves the look.
 * @param allocate - Default: a buffer of its own.
 */
export function spliceResourceVersion(
  json: Buffer,
  revision: number,
  hasVersion = true,
  allocate: Allocate = Buffer.allocUnsafeSlow,
): Buffer {
  const splice = (from: number, to: number, text: string): Buffer => {
    const out = allocate(json.length - (to - from) + text.length);
    if (from === to && from <= HEAD_BYTES_MAX) {
      // All of it at once, and the few bytes before by hand: a copy of a part makes a view of it first.
      out.set(json, text.length);
      for (let i = 0; i < from; i++) out[i] = json[i] as number;
      out.write(text, from, 'latin1');
      return out;
    }
    json.copy(out, 0, 0, from);
    out.write(text, from, 'latin1');
    json.copy(out, from + text.length, to);
    return out;
  };
  const at = metadataAt(json);
  if (at < 0) {
    const rest = /^\{\s*\}/.test(json.toString('latin1', 0, 16)) ? '' : ',';
    return splice(1, 1, `"metadata":{"${VERSION}":"${revision}"}${rest}`);
  }
  if (hasVersion) {
    const member = findMember(json, at, VERSION);
    if (member !== null) return splice(member.valueStart, member.valueEnd, `"${revision}"`);
  }
  const next = json[at + 1] === 0x7d || /^\s*\}/.test(json.toString('latin1', at + 1, at + 17)) ? '' : ',';
  return splice(at + 1, at + 1, `"${VERSION}":"${revision}"${next}`);
}

/** Position of the metadata's opening brace, -1 when there is none. */
function metadataAt(json: Buffer): number {
  // The writer puts `kind`, `apiVersion` and `metadata` first; what others wrote is walked through.
  const at = json.indexOf(METADATA);
  if (at > 0 && at < 512 && isTopLevel(json, at)) return at + METADATA.length - 1;
  const member = findMember(json, 0, 'metadata');
  return member !== null && json[member.valueStart] === 0x7b ? member.valueStart : -1;
}

/** True when no nested object or array starts, and no quote is escaped, before `at`. */
function isTopLevel(json: Buffer, at: number): boolean {
  for (let i = 1; i < at; i++) {
    const byte = json[i];
    if (byte === 0x7b || byte === 0x5b || byte === 0x5c) return false;
  }
  return json[0] === 0x7b;
}

const METADATA = Buffer.from('"metadata":{');

/**
 * Puts `"resourceVersion":"N"` into an object's JSON, first in its metadata, without parsing it.
 *
 * The writer stores objects with `kind`, `apiVersion` and `metadata` first, so the first match is the object's own;
 * JSON that another server wrote in another order is parsed instead.
 */
export function spliceResourceVersion(json: Buffer, revision: number): Buffer {
  const at = json.indexOf(METADATA);
  if (at < 0 || !isTopLevel(json, at)) {
    const object = JSON.parse(json.toString('utf8')) as { metadata?: Record<string, unknown> };
    object.metadata = { ...object.metadata, resourceVersion: String(revision) };
    return Buffer.from(JSON.stringify(object));
  }
  const start = at + METADATA.length;
  const field = `"resourceVersion":"${revision}"${json[start] === 0x7d ? '' : ','}`;
  const out = Buffer.allocUnsafe(json.length + field.length);
  json.copy(out, 0, 0, start);
  out.write(field, start, 'latin1');
  json.copy(out, start + field.length, start);
  return out;
}

/** True when only the opening brace, `kind` and `apiVersion` stand before: no nested object can have started. */
function isTopLevel(json: Buffer, at: number): boolean {
  for (let i = 1; i < at; i++) {
    const byte = json[i];
    if (byte === 0x7b || byte === 0x5b) return false;
  }
  return json[0] === 0x7b;
}

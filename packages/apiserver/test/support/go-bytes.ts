/** Stored values byte by byte, as Go writes them: put together from field numbers alone, without the encoder. */

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
};

/** A field of a number, a flag or nought. */
export const int = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);

/** A field of bytes behind their length. */
export const bytes = (field: number, value: Buffer): Buffer => Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);

export const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));

/** A field that is a message. */
export const message = (field: number, ...fields: Buffer[]): Buffer => bytes(field, Buffer.concat(fields));

/** A Time or, with nanoseconds, a MicroTime. */
export const time = (field: number, iso: string, nanos = 0): Buffer => message(field, int(1, Date.parse(iso) / 1000), int(2, nanos));

/** A map of texts. */
export const map = (field: number, entries: Record<string, string>): Buffer =>
  Buffer.concat(Object.entries(entries).map(([key, value]) => message(field, text(1, key), text(2, value))));

/** The metadata of every object: Go writes all of its texts, empty or not. */
export const metadata = (name: string, namespace = '', ...more: Buffer[]): Buffer =>
  message(
    1,
    ...[text(1, name), text(2, ''), text(3, namespace), text(4, ''), text(5, `uid-${name}`), text(6, ''), int(7, 0)],
    ...[time(8, '2026-01-01T00:00:00Z'), ...more],
  );

/** A stored value: four bytes, then a message that names the kind and holds its content. */
export const stored = (apiVersion: string, kind: string, ...content: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from('k8s\0', 'latin1'),
    message(1, text(1, apiVersion), text(2, kind)),
    message(2, ...content),
    text(3, ''),
    text(4, ''),
  ]);

/** What stands in protobuf, field by field: read without the decoder. */

/** The length-delimited fields of a message by number. */
export function fieldsOf(message: Buffer): Map<number, Buffer[]> {
  const out = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) === 0) varint();
    else {
      const length = varint();
      out.set(tag >>> 3, [...(out.get(tag >>> 3) ?? []), message.subarray(at, at + length)]);
      at += length;
    }
  }
  return out;
}

/** What an envelope holds, field by field. */
export const contentOf = (bytes: Buffer): Map<number, Buffer[]> => fieldsOf(fieldsOf(bytes.subarray(4)).get(2)?.[0] as Buffer);
/** The first field 1 of a message: the name in metadata, the metadata of an object. */
export const firstOf = (message: Buffer | undefined): Buffer => fieldsOf(message as Buffer).get(1)?.[0] as Buffer;

/** The events of a watch: type and object's envelope. */
export function eventsOf(bytes: Buffer): { type: string; object: Buffer }[] {
  const out: { type: string; object: Buffer }[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const event = fieldsOf(bytes.subarray(at + 4, at + 4 + length));
    out.push({ type: String(event.get(1)?.[0]), object: firstOf(event.get(2)?.[0]) });
    at += 4 + length;
  }
  return out;
}

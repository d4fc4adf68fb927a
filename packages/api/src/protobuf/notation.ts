/**
 * The notation of protobuf field numbers: the fields of a message in the order of their numbers.
 *
 *   name        the next number, the first being 1
 *   name=7      this number
 *   name~       a scalar that is always sent: zero stands for "not set"
 *   name?       a text whose empty value means something
 *   name+       a list in a message of its own, whose field 1 repeats
 *   >Message    a message that has no field in JSON: its fields are the parent's
 *
 * Types are those of the schema of the same name; what differs on the wire (times, quantities, `int-or-string`,
 * raw JSON) is known to the decoder.
 */

/** Message → its fields, of one package. */
export type FieldNumbers = Readonly<Record<string, string>>;

/** One field of a message. */
export interface ProtobufField {
  /** In JSON; '' for an inlined message. */
  readonly name: string;
  /** Name of the inlined message; '' for a field of its own. */
  readonly inlined: string;
  readonly zeroIsUnset: boolean;
  readonly emptyCounts: boolean;
  readonly isListMessage: boolean;
}

/** Reads one message's notation into its fields by number. */
export function parseFieldNumbers(text: string): ReadonlyMap<number, ProtobufField> {
  const fields = new Map<number, ProtobufField>();
  let next = 1;
  for (const part of text.split(' ')) {
    const [, sign = '', name = '', mark = '', number] = /^(>?)([^~?+=]*)([~?+]?)(?:=(\d+))?$/.exec(part) ?? [];
    const at = number === undefined ? next : Number(number);
    fields.set(at, {
      name: sign === '' ? name : '',
      inlined: sign === '' ? '' : name,
      zeroIsUnset: mark === '~',
      emptyCounts: mark === '?',
      isListMessage: mark === '+',
    });
    next = at + 1;
  }
  return fields;
}

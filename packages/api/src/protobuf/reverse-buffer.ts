/** Bytes of the protobuf wire format, written from the end: the length of a message is known when it is put before it. */

const SIZE_BYTES_MIN = 16 * 1024;
/** A buffer that has grown beyond this is given up after use. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** Texts up to here are copied by a loop: it costs less than Node's call. */
const LOOP_LENGTH_MAX = 40;
const VARINT_BYTES_MAX = 10;
const TWO_32 = 2 ** 32;

/** A buffer that grows towards its front. Used again for each object; the bytes of one are valid until `clear`. */
export class ReverseBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(SIZE_BYTES_MIN);
  #at: number = SIZE_BYTES_MIN;

  /** Bytes written so far. The difference of two sizes is the length of what was written between. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  clear(): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafeSlow(SIZE_BYTES_MIN);
    this.#at = this.#bytes.length;
  }

  /** Copies what has been written into a buffer of its own. */
  copy(): Buffer {
    const out = Buffer.allocUnsafe(this.size);
    this.copyTo(out, 0);
    return out;
  }

  copyTo(target: Buffer, at: number): void {
    this.#bytes.copy(target, at, this.#at);
  }

  /** One byte: a tag of a field below 16, a flag. */
  byte(value: number): void {
    if (this.#at === 0) this.#grow(1);
    this.#bytes[--this.#at] = value;
  }

  /** An unsigned integer up to 2^53. */
  varint(value: number): void {
    if (value < 0x80) {
      this.byte(value);
      return;
    }
    let count = 2;
    for (let rest = value; rest >= 0x4000; rest /= 0x80) count++;
    if (this.#at < VARINT_BYTES_MAX) this.#grow(VARINT_BYTES_MAX);
    this.#at -= count;
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = value;
    for (; rest >= TWO_32; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    bytes[at] = rest;
  }

  /** A signed integer of 64 bits: what is below nought takes ten bytes. */
  int64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.varint(Math.trunc(value));
      return;
    }
    let rest = BigInt.asUintN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(value)));
    const groups: number[] = [];
    for (; rest >= 0x80n; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80);
    this.byte(Number(rest));
    for (const group of groups.reverse()) this.byte(group);
  }

  double(value: number): void {
    if (this.#at < 8) this.#grow(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** A text and, before it, its length in UTF-8. */
  string(text: string): void {
    const { length } = text;
    if (length <= LOOP_LENGTH_MAX && this.#ascii(text, length)) {
      this.byte(length);
      return;
    }
    const sizeBytes = Buffer.byteLength(text);
    if (this.#at < sizeBytes) this.#grow(sizeBytes);
    this.#at -= sizeBytes;
    this.#bytes.write(text, this.#at, sizeBytes, 'utf8');
    this.varint(sizeBytes);
  }

  /** Bytes and, before them, their length. */
  bytes(data: Uint8Array): void {
    if (this.#at < data.length) this.#grow(data.length);
    this.#at -= data.length;
    this.#bytes.set(data, this.#at);
    this.varint(data.length);
  }

  /** False, and nothing written, for a text of other characters. */
  #ascii(text: string, length: number): boolean {
    if (this.#at < length) this.#grow(length);
    const from = this.#at - length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      this.#bytes[from + i] = code;
    }
    this.#at = from;
    return true;
  }

  #grow(sizeBytes: number): void {
    const { size } = this;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, size + sizeBytes));
    this.copyTo(grown, grown.length - size);
    this.#bytes = grown;
    this.#at = grown.length - size;
  }
}

/**
 * Writes protocol-buffer fields into a buffer of its own, which grows and is used again: nothing is allocated
 * for a message once it is large enough. Tags are given as field number and wire type (0 varint, 1 fixed 64,
 * 2 length-delimited, 5 fixed 32).
 */
export class ProtobufWriter {
  bytes = Buffer.alloc(512);
  length = 0;

  reset(): void {
    this.length = 0;
  }

  varintField(field: number, value: number): void {
    this.#tag(field, 0);
    this.#varint(value);
  }

  floatField(field: number, value: number): void {
    this.#tag(field, 5);
    this.#room(4);
    this.length = this.bytes.writeFloatLE(value, this.length);
  }

  doubleField(field: number, value: number): void {
    this.#tag(field, 1);
    this.#room(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  stringField(field: number, text: string): void {
    this.#tag(field, 2);
    const bytes = Buffer.byteLength(text);
    this.#varint(bytes);
    this.#room(bytes);
    this.length += this.bytes.write(text, this.length);
  }

  /** Room for so many bytes, to be filled later; returns where they begin. */
  hole(field: number, bytes: number): number {
    this.#tag(field, 2);
    this.#varint(bytes);
    this.#room(bytes);
    this.bytes.fill(0, this.length, this.length + bytes);
    const at = this.length;
    this.length += bytes;
    return at;
  }

  /** An embedded message: its fields are written by `body`, its length is put in front afterwards. */
  message(field: number, body: () => void): void {
    this.#tag(field, 2);
    const start = this.length;
    // One byte of length is enough for most; larger ones are moved.
    this.#room(1);
    this.length++;
    body();
    const bytes = this.length - start - 1;
    const lengthBytes = varintBytes(bytes);
    if (lengthBytes > 1) {
      this.#room(lengthBytes - 1);
      this.bytes.copyWithin(start + lengthBytes, start + 1, this.length);
    }
    this.length = start;
    this.#varint(bytes);
    this.length += bytes;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  /** Of a whole number from 0 to 2^53. */
  #varint(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  #room(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.bytes.length * 2, this.length + bytes));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

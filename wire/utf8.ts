/** Answers of `utf8Fault`: what is wrong with a UTF-8 Encoded String (MQTT 5 §1.5.4), 0 for nothing. */
export const UTF8_ILL_FORMED = 1;
export const UTF8_NUL = 2;

/**
 * Judges `bytes[start..end)`: 0 when it is well-formed UTF-8 without U+0000, else which rule it breaks.
 * Well-formed is Unicode's table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
export function utf8Fault(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      if (lead === 0) return UTF8_NUL;
      at += 1;
      continue;
    }
    const length = sequenceBytes(bytes, at, end, lead);
    if (length === 0) return UTF8_ILL_FORMED;
    at += length;
  }
  return 0;
}

/** Length of the well-formed multi-byte sequence at `at`, or 0. Table 3-7 of the Unicode standard. */
export function sequenceBytes(bytes: Uint8Array, at: number, end: number, lead: number): number {
  if (lead < 0xc2) return 0; // a stray continuation byte, or C0/C1, which only begin overlong forms
  if (lead < 0xe0) return at + 1 < end && isContinuation(bytes[at + 1]!) ? 2 : 0;
  if (lead < 0xf0) {
    if (at + 2 >= end || !isContinuation(bytes[at + 2]!)) return 0;
    const second = bytes[at + 1]!;
    const lowest = lead === 0xe0 ? 0xa0 : 0x80; // below A0 after E0 is overlong
    const highest = lead === 0xed ? 0x9f : 0xbf; // above 9F after ED are the surrogates
    return second >= lowest && second <= highest ? 3 : 0;
  }
  if (lead > 0xf4) return 0;
  if (at + 3 >= end || !isContinuation(bytes[at + 2]!) || !isContinuation(bytes[at + 3]!)) return 0;
  const second = bytes[at + 1]!;
  const lowest = lead === 0xf0 ? 0x90 : 0x80; // below 90 after F0 is overlong
  const highest = lead === 0xf4 ? 0x8f : 0xbf; // above 8F after F4 is beyond U+10FFFF
  return second >= lowest && second <= highest ? 4 : 0;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The string in `bytes[start..end)`, which `utf8Fault` has found good. A leading BOM stays [MQTT-1.5.4-3]. */
export function utf8String(bytes: Uint8Array, start: number, end: number): string {
  if (bytes instanceof Buffer) return bytes.toString('utf8', start, end);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** Bytes `text` takes in UTF-8; -1 when it holds U+0000 or half a surrogate pair and cannot be sent. */
export function utf8Bytes(text: string): number {
  let total = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0) return -1;
    if (unit < 0x80) total += 1;
    else if (unit < 0x800) total += 2;
    else if (unit < 0xd800 || unit > 0xdfff) total += 3;
    else {
      const low = unit < 0xdc00 ? text.charCodeAt(at + 1) : 0; // NaN past the end: fails the test below
      if (!(low >= 0xdc00 && low <= 0xdfff)) return -1;
      total += 4;
      at += 1;
    }
  }
  return total;
}

/** Writes `text`, which `utf8Bytes` has measured, at `at`; returns the offset after it. */
export function writeUtf8(into: Uint8Array, at: number, text: string): number {
  let next = at;
  for (let i = 0; i < text.length; i += 1) {
    let point = text.charCodeAt(i);
    if (point < 0x80) {
      into[next++] = point;
      continue;
    }
    if (point < 0x800) {
      into[next++] = 0xc0 | (point >> 6);
    } else {
      if (point < 0xd800 || point > 0xdfff) {
        into[next++] = 0xe0 | (point >> 12);
      } else {
        i += 1;
        point = 0x1_0000 + ((point - 0xd800) << 10) + (text.charCodeAt(i) - 0xdc00);
        into[next++] = 0xf0 | (point >> 18);
        into[next++] = 0x80 | ((point >> 12) & 0x3f);
      }
      into[next++] = 0x80 | ((point >> 6) & 0x3f);
    }
    into[next++] = 0x80 | (point & 0x3f);
  }
  return next;
}

/**
 * Bytes from a readable line: hex digits grouped by field, text in double quotes as UTF-8, and `61*200` for
 * a byte that repeats. `hex('30 07 0003 "a/b" "hi"')`.
 */
export function hex(line: string): Uint8Array {
  const parts: Buffer[] = [];
  for (const [token, text, repeated, times, digits] of line.matchAll(
    /"([^"]*)"|([0-9a-f]{2})\*(\d+)|((?:[0-9a-f]{2})+)|\S+/g,
  )) {
    if (text !== undefined) parts.push(Buffer.from(text));
    else if (repeated !== undefined) {
      parts.push(Buffer.alloc(Number(times), Number.parseInt(repeated, 16)));
    } else if (digits !== undefined) parts.push(Buffer.from(digits, 'hex'));
    else throw new Error(`not hex, text or repetition: ${token}`);
  }
  return new Uint8Array(Buffer.concat(parts));
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UTF8_ILL_FORMED, UTF8_NUL, utf8Bytes, utf8Fault, utf8String, writeUtf8 } from './utf8.js';

const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));

describe('UTF-8 Encoded Strings', () => {
  it('are read and written as the runtime does', () => {
    fc.assert(
      fc.property(text, (value) => {
        const expected = new TextEncoder().encode(value);
        assert.equal(utf8Bytes(value), expected.length);
        const bytes = new Uint8Array(expected.length + 2);
        assert.equal(writeUtf8(bytes, 1, value), expected.length + 1);
        assert.deepEqual(bytes.subarray(1, -1), expected);
        assert.equal(utf8Fault(bytes, 1, bytes.length - 1), 0);
        assert.equal(utf8String(bytes, 1, bytes.length - 1), value);
        assert.equal(utf8String(Buffer.from(bytes), 1, bytes.length - 1), value);
      }),
      { numRuns: 2000 },
    );
  });

  it('are well-formed exactly when a strict decoder says so', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    // Bytes that begin, continue and end sequences come often, so that near misses do too.
    const telling = fc.constantFrom(
      ...[0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1],
      ...[0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
    );
    const bytes = fc.array(telling, { maxLength: 6 }).map((values) => Uint8Array.from(values));
    fc.assert(
      fc.property(bytes, (value) => {
        let wellFormed = true;
        try {
          strict.decode(value);
        } catch {
          wellFormed = false;
        }
        assert.equal(utf8Fault(value, 0, value.length) === 0, wellFormed);
      }),
      { numRuns: 50_000 },
    );
  });

  it('judge every pair and triple of a lead byte as a strict decoder does', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const bytes = new Uint8Array(3);
    for (let lead = 0xc0; lead <= 0xff; lead += 1) {
      for (let second = 0x70; second <= 0xc1; second += 1) {
        for (const length of [2, 3]) {
          bytes.set([lead, second, 0xbf]);
          const part = bytes.subarray(0, length);
          let wellFormed = true;
          try {
            strict.decode(part);
          } catch {
            wellFormed = false;
          }
          assert.equal(utf8Fault(bytes, 0, length) === 0, wellFormed, `${lead} ${second}`);
        }
      }
    }
  });

  it('take every character, whole and never cut, even when its rest lies just beyond', () => {
    const encoder = new TextEncoder();
    const bytes = new Uint8Array(8);
    for (
      let point = 1;
      point <= 0x10_ffff;
      point += point < 0x1_0010 || point > 0x10_fff0 ? 1 : 97
    ) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const character = String.fromCodePoint(point);
      const expected = encoder.encode(character);
      const end = writeUtf8(bytes, 0, character);
      if (end !== expected.length || utf8Bytes(character) !== end) assert.fail(`U+${point}`);
      for (let at = 0; at < end; at += 1) {
        if (bytes[at] !== expected[at]) assert.fail(`U+${point}`);
        if (at > 0 && utf8Fault(bytes, 0, at) !== UTF8_ILL_FORMED) assert.fail(`U+${point} cut`);
      }
      if (utf8Fault(bytes, 0, end) !== 0) assert.fail(`U+${point} refused`);
    }
  });

  it('hold no U+0000 and no half of a surrogate pair', () => {
    assert.equal(utf8Fault(Uint8Array.of(0x61, 0), 0, 2), UTF8_NUL);
    assert.equal(utf8Fault(Uint8Array.of(0xed, 0xa0, 0x80), 0, 3), UTF8_ILL_FORMED);
    for (const bad of [
      '\0',
      'a\0b',
      '\ud800',
      'a\ud800',
      '\udc00a',
      '\ud800\ud800',
      '\udc00\ud800',
    ]) {
      assert.equal(utf8Bytes(bad), -1, JSON.stringify(bad));
    }
  });

  it('may hold control characters and non-characters, which should not but may be sent', () => {
    const value = '\u0001\u001f\u007f\u009f\ufffe\uffff\ufeff';
    const bytes = new TextEncoder().encode(value);
    assert.equal(utf8Fault(bytes, 0, bytes.length), 0);
    assert.equal(utf8String(bytes, 0, bytes.length), value);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeLag,
  encodeLag,
  HEADER_BYTES,
  headerIntendedUs,
  headerLagUs,
  headerRun,
  headerSender,
  headerSequence,
  writeHeader,
} from './header.js';

test('a header reads back as it was written, and touches only its 16 bytes', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff),
      fc.nat(0xffffffff),
      fc.nat(0xffffff),
      fc.nat(2 ** 40 - 1),
      fc.nat(4095),
      (run, sender, sequence, intendedUs, lagUs) => {
        const bytes = new Uint8Array(HEADER_BYTES + 2).fill(0xee);
        writeHeader(bytes, 1, run, sender, sequence, intendedUs, lagUs);
        assert.equal(headerRun(bytes, 1), run);
        assert.equal(headerSender(bytes, 1), sender);
        assert.equal(headerSequence(bytes, 1), sequence);
        assert.equal(headerIntendedUs(bytes, 1), intendedUs);
        assert.equal(headerLagUs(bytes, 1), lagUs);
        assert.equal(bytes[0], 0xee);
        assert.equal(bytes[HEADER_BYTES + 1], 0xee);
      },
    ),
  );
});

test('a lag errs by less than 0.05 % over its whole range, and grows with its value', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 41), fc.nat(2 ** 41), (a, b) => {
      const back = decodeLag(encodeLag(a));
      assert.ok(back <= a && a - back <= a / 2048, `${a} came back as ${back}`);
      if (a <= b) assert.ok(encodeLag(a) <= encodeLag(b));
      assert.ok(encodeLag(a) <= 0xffff);
    }),
  );
});

test('a lag below zero or without bound is kept within 16 bits', () => {
  assert.equal(encodeLag(-5), 0);
  assert.ok(encodeLag(Number.POSITIVE_INFINITY) <= 0xffff);
});

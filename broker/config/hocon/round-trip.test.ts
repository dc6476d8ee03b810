import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hoconToPlain, printHocon } from './mod.js';
import { arbitraryChoices, arbitraryConfig, styled } from './testing/styled.js';

test('what is printed reads back to the same values', () => {
  fc.assert(
    fc.property(arbitraryConfig, (config) => {
      assert.deepEqual(hoconToPlain(printHocon(config), 'printed'), config);
    }),
  );
});

test('every JSON object is HOCON and means the same', () => {
  fc.assert(
    fc.property(arbitraryConfig, fc.constantFrom(undefined, 1, '\t'), (config, indent) => {
      const json = JSON.stringify(config, undefined, indent);
      assert.deepEqual(hoconToPlain(json, 'json'), JSON.parse(json));
    }),
  );
});

test('it means the same in whatever style it is written', () => {
  fc.assert(
    fc.property(arbitraryConfig, arbitraryChoices, (config, choices) => {
      const text = styled(config, choices);
      assert.deepEqual(hoconToPlain(text, 'styled'), config, text);
    }),
  );
});

test('any text is read or refused with one line and a place, and nothing else happens', () => {
  const letters = fc.constantFrom(
    ...'{}[]"$?=:+,.#/\\\n ab1@'.split(''),
    '${',
    '+=',
    '"""',
    'include ',
  );
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 40 }), (parts) => {
      try {
        hoconToPlain(parts.join(''), 'any.conf');
      } catch (error) {
        assert.ok(error instanceof Error && error.name === 'HoconError', String(error));
        assert.match(error.message, /^any\.conf:\d+:\d+: expected .+, found .+$/);
      }
    }),
    { numRuns: 2000 },
  );
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listenAddresses } from './listen-addresses.js';

const NAMES: Record<string, readonly string[]> = {
  'core1.example': ['10.0.0.5', 'fd00::5'],
  'both.example': ['10.0.0.9', '10.0.0.5'],
  debian: ['127.0.1.1'],
  'service.example': ['10.96.0.1'],
  localhost: ['::1', '127.0.0.1'],
};
const lookup = {
  resolve: async (name: string) => {
    const found = NAMES[name];
    if (found === undefined) throw new Error('ENOTFOUND');
    return found;
  },
  own: () => ['127.0.0.1', '::1', '10.0.0.5', 'fd00::5', '192.168.7.7'],
};

it('on a machine without IPv6 leave out ::1', async () => {
  const own = (): string[] => ['127.0.0.1', '10.0.0.5'];
  const { addresses } = await listenAddresses('localhost', { ...lookup, own });
  assert.deepEqual(addresses, ['127.0.0.1']);
});

describe('the addresses to listen on', () => {
  const cases: [string, string[], RegExp | undefined][] = [
    ['10.0.0.5', ['10.0.0.5'], undefined],
    ['::1', ['::1'], undefined],
    ['core1.example', ['10.0.0.5', 'fd00::5'], undefined],
    ['both.example', ['10.0.0.5'], undefined],
    ['localhost', ['::1', '127.0.0.1'], undefined],
    ['debian', ['0.0.0.0'], /'debian' stands for 127\.0\.1\.1, which others do not reach/],
    ['service.example', ['0.0.0.0'], /stands for 10\.96\.0\.1, which this machine does not have/],
    ['unknown.example', ['0.0.0.0'], /'unknown\.example' cannot be resolved/],
  ];
  for (const [host, addresses, note] of cases) {
    it(`for '${host}' are ${addresses.join(' and ')}`, async () => {
      const found = await listenAddresses(host, lookup);
      assert.deepEqual(found.addresses, addresses);
      if (note === undefined) assert.equal(found.note, undefined);
      else assert.match(found.note ?? '', note);
    });
  }
});

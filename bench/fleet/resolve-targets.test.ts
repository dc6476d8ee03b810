import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '../scenario/mod.js';
import { FleetError } from './fleet-error.js';
import { type ResolveName, resolveTargets } from './resolve-targets.js';

const targets = ['mqtt://a.test:1884', 'mqtts://b.test'].map(parseTarget);

test('a target has all addresses of its name, each once, in the order of the answer', async () => {
  const answers: Record<string, string[]> = {
    'a.test': ['10.0.0.2', '::1', '10.0.0.2'],
    'b.test': ['10.0.0.1'],
  };
  const resolve: ResolveName = async (host) => answers[host]!.map((address) => ({ address }));
  const resolved = await resolveTargets(targets, resolve);
  assert.deepEqual(
    resolved.map(({ host, addresses }) => [host, addresses]),
    [
      ['a.test', ['10.0.0.2', '::1']],
      ['b.test', ['10.0.0.1']],
    ],
  );
});

test('a name that does not resolve, or not in time, is one line with the target and what to do', async () => {
  const failing =
    (code: string): ResolveName =>
    async () => {
      throw Object.assign(new Error(code), { code });
    };
  const never: ResolveName = () => new Promise(() => undefined);
  const table: [ResolveName, RegExp][] = [
    [failing('ENOTFOUND'), /^mqtt:\/\/a.test:1884 has a host name that does not resolve/],
    [failing('EAI_AGAIN'), /^mqtt:\/\/a.test:1884 .* at the moment .*: try its address$/],
    [never, /^mqtt:\/\/a.test:1884 .* does not resolve within 0.02 s: try its address$/],
  ];
  for (const [resolve, message] of table) {
    await assert.rejects(
      resolveTargets([targets[0]!], resolve, 20),
      (error) =>
        error instanceof FleetError && error.code === 'UNREACHABLE' && message.test(error.message),
    );
  }
});

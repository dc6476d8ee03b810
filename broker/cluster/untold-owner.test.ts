import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SimulatedNode } from '../testing/simulation.js';
import { CallError } from './calls.js';
import { ClientClaims } from './client-claims.js';

it('a node that could not be told of a client’s new owner is told when there is a link to it again, unless it is taken to be gone', async () => {
  const told: unknown[] = [];
  const claims = new ClientClaims({
    name: 'one@host',
    sessions: new SimulatedNode().node.sessions,
    now: () => 0,
    wallMs: () => 7,
    write: async () => 'other@host|1|1',
    release: () => {},
    beginMove: () => undefined,
    takeMoved: async () => {},
    others: () => [],
    after: () => () => {},
    call: async (_node, _method, body) => {
      told.push(body);
      throw new CallError('LINK_LOST', 'the link is lost');
    },
  });
  await new Promise((resolve) => claims.claim('x', true, resolve));
  const linked = async (): Promise<void> => {
    claims.linked('other@host');
    await new Promise((resolve) => setImmediate(resolve));
  };
  await linked();
  await linked();
  const body = { clientId: 'x', claim: 'other@host|1|1' };
  assert.deepEqual(told, [body, body, body]);
  claims.gone('other@host');
  await linked();
  assert.equal(told.length, 3);
});

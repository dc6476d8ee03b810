import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDiscovery, type Discovery, DiscoveryError, type DiscoveryOptions } from './mod.js';

function create(options: DiscoveryOptions, self = 'emqx@10.0.0.1'): Discovery {
  return createDiscovery(options, {
    self,
    clusterName: 'emqxcl',
    cookie: 'secret',
    warn: (line) => assert.fail(line),
  });
}

describe('manual and static discovery', () => {
  it('manual finds nobody and registers nothing', async () => {
    const discovery = create({ strategy: 'manual' });
    assert.deepEqual(await discovery.discover(), []);
    assert.equal(discovery.lock, undefined);
    assert.equal(discovery.register, undefined);
  });

  it('static finds the names of an array', async () => {
    const seeds = ['emqx@10.0.0.2', 'emqx@10.0.0.1', 'other@host.example'];
    const found = await create({ strategy: 'static', seeds }).discover();
    assert.deepEqual(found, ['emqx@10.0.0.1', 'emqx@10.0.0.2', 'other@host.example']);
  });

  it('static finds the names between commas, each once', async () => {
    const seeds = ' emqx@10.0.0.2,emqx@10.0.0.1 ,, emqx@10.0.0.2';
    const found = await create({ strategy: 'static', seeds }).discover();
    assert.deepEqual(found, ['emqx@10.0.0.1', 'emqx@10.0.0.2']);
  });

  it('static refuses what is no node name, naming key and value', () => {
    for (const seeds of ['10.0.0.2', 'emqx@', '@host', 'emqx@a b']) {
      assert.throws(
        () => create({ strategy: 'static', seeds }),
        (error) =>
          error instanceof DiscoveryError &&
          error.code === 'BAD_CONFIG' &&
          error.message.includes('cluster.static.seeds') &&
          error.message.includes(seeds),
      );
    }
  });

  it('dns and k8s refuse a node whose own name has no local part', () => {
    for (const strategy of ['dns', 'k8s'] as const) {
      assert.throws(() => create({ strategy }, 'nameless'), { code: 'BAD_CONFIG' });
    }
  });
});

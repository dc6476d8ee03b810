import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type K8sNaming, nodesOfEndpoints } from './k8s-endpoints.js';

const NAMING: K8sNaming = {
  app: 'emqx',
  addressType: 'ip',
  serviceName: 'emqx-headless',
  namespace: 'iot',
  suffix: 'svc.cluster.local',
};

const json = (subsets: unknown): string =>
  JSON.stringify({ kind: 'Endpoints', apiVersion: 'v1', metadata: {}, subsets });

const TWO_SUBSETS = json([
  {
    addresses: [{ ip: '10.1.2.4', hostname: 'emqx-1', nodeName: 'n1', targetRef: { kind: 'Pod' } }],
    notReadyAddresses: [{ ip: '10.1.2.9', hostname: 'emqx-9' }],
    ports: [{ port: 1883, protocol: 'TCP' }],
  },
  { addresses: [{ ip: '10.1.2.3', hostname: 'emqx-0' }] },
  { notReadyAddresses: [{ ip: '10.1.2.8' }] },
]);

describe('Kubernetes endpoints', () => {
  const cases = [
    { addressType: 'ip', nodes: ['emqx@10.1.2.3', 'emqx@10.1.2.4'] },
    {
      addressType: 'dns',
      nodes: ['emqx@10-1-2-3.iot.svc.cluster.local', 'emqx@10-1-2-4.iot.svc.cluster.local'],
    },
    {
      addressType: 'hostname',
      nodes: [
        'emqx@emqx-0.emqx-headless.iot.svc.cluster.local',
        'emqx@emqx-1.emqx-headless.iot.svc.cluster.local',
      ],
    },
  ] as const;
  for (const { addressType, nodes } of cases) {
    it(`name nodes by ${addressType}, the ready ones of all subsets`, () => {
      assert.deepEqual(nodesOfEndpoints(TWO_SUBSETS, { ...NAMING, addressType }), nodes);
    });
  }

  it('are no nodes when the service has none', () => {
    for (const none of [json(undefined), json(null), json([]), json([{ addresses: null }])]) {
      assert.deepEqual(nodesOfEndpoints(none, NAMING), []);
    }
  });

  it('of IPv6 make names without colons', () => {
    const answer = json([{ addresses: [{ ip: 'fd00:10::5' }] }]);
    const nodes = nodesOfEndpoints(answer, { ...NAMING, addressType: 'dns' });
    assert.deepEqual(nodes, ['emqx@fd00-10--5.iot.svc.cluster.local']);
  });

  it('without hostnames are refused when names are to be made of hostnames', () => {
    const answer = json([{ addresses: [{ ip: '10.1.2.3' }] }]);
    assert.throws(() => nodesOfEndpoints(answer, { ...NAMING, addressType: 'hostname' }), {
      code: 'K8S_NO_HOSTNAMES',
      message: /StatefulSet.*address_type/,
    });
  });

  it('are not what some other server answers', () => {
    for (const answer of [
      '',
      '<html>',
      '{}',
      'null',
      '{"kind":"Status"}',
      json([{ addresses: 7 }]),
    ]) {
      assert.throws(() => nodesOfEndpoints(answer, NAMING), { code: 'K8S_BAD_ANSWER' });
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ETCD_DEFAULTS, etcdCredentials, etcdUrls } from './etcd-options.js';

describe('options of etcd discovery', () => {
  it('take URLs with commas between them', () => {
    const server = 'http://10.0.0.1:2379, http://10.0.0.2:2379,';
    assert.deepEqual(etcdUrls({ ...ETCD_DEFAULTS, server }), [
      'http://10.0.0.1:2379',
      'http://10.0.0.2:2379',
    ]);
  });

  const wrong = [
    { server: '', ssl: { enable: false }, message: /server is empty/ },
    { server: '10.0.0.1:2379', ssl: { enable: false }, message: /not a URL/ },
    { server: 'http://a:1,https://b:1', ssl: { enable: false }, message: /mixes/ },
    { server: 'http://a:1', ssl: { enable: true }, message: /write https/ },
    { server: 'https://a:1', ssl: { enable: true, certfile: 'c.pem' }, message: /only one of/ },
  ];
  for (const { server, ssl, message } of wrong) {
    it(`are refused: ${message.source}`, () => {
      assert.throws(() => etcdUrls({ ...ETCD_DEFAULTS, server, ssl }), {
        code: 'BAD_CONFIG',
        message,
      });
    });
  }

  it('name the file that cannot be read', async () => {
    const ssl = { enable: true, cacertfile: 'no-such-ca.pem' };
    await assert.rejects(etcdCredentials({ ...ETCD_DEFAULTS, server: 'https://a:1', ssl }), {
      code: 'BAD_CONFIG',
      message: /no-such-ca\.pem/,
    });
  });
});

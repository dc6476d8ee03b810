import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestAuthority, issueDeviceCertificates, TEST_CA_FILES } from './test-authority.js';

test('two test authorities have different names, and each issues in its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-test-'));
  const read = async (...file: string[]) =>
    new X509Certificate(await readFile(join(folder, ...file)));
  try {
    for (const name of ['one', 'other']) {
      await createTestAuthority(join(folder, name), ['localhost']);
      await issueDeviceCertificates(join(folder, name), ['device-0']);
    }
    const one = await read('one', TEST_CA_FILES.ca);
    const other = await read('other', TEST_CA_FILES.ca);
    assert.match(one.subject, /^CN=Fleetgauge test authority [0-9a-f]{8}$/);
    assert.notEqual(one.subject, other.subject);
    for (const file of [TEST_CA_FILES.server, 'device-0.pem']) {
      const certificate = await read('one', file);
      assert.ok(certificate.checkIssued(one) && certificate.verify(one.publicKey));
      assert.ok(!certificate.checkIssued(other));
    }
    // The authority that is there stays, with its name.
    await createTestAuthority(join(folder, 'one'), ['127.0.0.1']);
    assert.ok((await read('one', TEST_CA_FILES.server)).checkIssued(one));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { groupIdentity, parseCredentials } from '../scenario/credentials.js';
import { loadScenario } from '../scenario/load.js';
import { DeviceIdentities } from './device-identities.js';

const lines = (text: string, devices = 2): string[] => {
  try {
    parseCredentials(text, 'devices.csv', devices);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
};

test('each row says who a device is, quoted or not, in the order of the header', () => {
  const text = '\ufeffpassword,clientId,username\r\n"a,b""c",dev-1,anna\r\nx,dev-2,\r\n';
  assert.deepEqual(parseCredentials(text, 'devices.csv', 2), [
    { clientId: 'dev-1', username: 'anna', password: 'a,b"c' },
    { clientId: 'dev-2', username: '', password: 'x' },
  ]);
  assert.deepEqual(parseCredentials('username\nu1\nu2', 'devices.csv', 2)[1], {
    clientId: undefined,
    username: 'u2',
    password: undefined,
  });
});

test('what is wrong is told with its line', () => {
  assert.deepEqual(lines('clientId,pasword\na,1\nb,2\n'), [
    "devices.csv:1:1: expected a known column (did you mean 'password'?), found 'pasword'",
  ]);
  assert.deepEqual(lines('clientId,password\na,1\na,2\nb\n'), [
    "devices.csv:3:1: expected a client id that line 2 does not have, found 'a'",
    'devices.csv:4:1: expected 2 columns, found 1',
  ]);
  assert.deepEqual(lines('clientId\na\n'), [
    'devices.csv:3:1: expected a row for each of the 2 connections, found 1 rows',
  ]);
});

test('a device says who its row says it is, and its topics know it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-test-'));
  try {
    writeFileSync(join(folder, 'devices.csv'), 'clientId,password\nalpha,one\nbeta,two\n');
    const yaml = `name: t
groups:
  - { name: g, count: 2, username: 'u-%i', credentials: { file: devices.csv }, publish: [{ topic: 't/%c' }] }
phases: [{ name: r, kind: ramp }]
`;
    writeFileSync(join(folder, 's.yaml'), yaml);
    const scenario = await loadScenario(join(folder, 's.yaml'));
    const group = scenario.groups[0]!;
    const identity = groupIdentity(group, 'abcd', 1);
    const device = new DeviceIdentities(group, identity).identity(1);
    assert.deepEqual([device.clientId, device.username, device.password], ['beta', 'u-1', 'two']);
    assert.equal(identity.valuesOf(0, 0).clientId, 'alpha');
    await assert.rejects(
      loadScenario(join(folder, 's.yaml'), { set: ['groups.g.count=3'] }),
      /devices\.csv:4:1: expected a row for each of the 3 connections, found 2 rows/,
    );
    await assert.rejects(
      loadScenario(join(folder, 's.yaml'), { set: ['groups.g.credentials.file=none.csv'] }),
      /none\.csv: expected a file of credentials that can be read \(ENOENT\)/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('field clients take passwords from a file, and client ids only where no filter follows from them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-test-'));
  const load = async (columns: string, group: string) => {
    writeFileSync(join(folder, 'devices.csv'), `${columns}\na,b\n`);
    const named = `name: g, count: 1, clientId: 'gw-%i', credentials: { file: devices.csv }`;
    const text = `name: t\ngroups: [{ ${named}, ${group} }]\nphases: [{ name: r, kind: ramp }]\n`;
    writeFileSync(join(folder, 's.yaml'), text);
    return loadScenario(join(folder, 's.yaml'));
  };
  try {
    for (const kind of ['sparkplug', 'kura']) {
      const field = `behaviour: { kind: ${kind} }`;
      const { groups } = await load('username,password', field);
      const group = groups[0]!;
      const identities = new DeviceIdentities(group, groupIdentity(group, 'abcd', 1));
      const { clientId, username, password, will, filters } = identities.identity(0);
      assert.deepEqual([clientId, username, password], ['gw-0', 'a', 'b']);
      assert.match(will!.topic, /\/gw-0(\/|$)/);
      assert.match(filters[0]!.filter, /\/gw-0(\/|$)/);
      await assert.rejects(
        load('clientId,password', field),
        /devices\.csv:1:1: expected no column clientId \(group 'g' subscribes to .*%c/,
      );
    }
    await load('clientId,password', "subscribe: [{ filter: 'cmd/%i' }]");
    await assert.rejects(
      load('username,password', "username: u%i, subscribe: [{ filter: 'cmd/%u' }]"),
      /expected no column username/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

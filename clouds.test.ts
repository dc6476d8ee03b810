import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { derivedDeviceKey } from './bench/targets/sas-token.js';
import { awsRules } from './bench/targets/testing/aws-rules.js';
import { azureRules } from './bench/targets/testing/azure-rules.js';
import { StandIn, type StandInRules } from './bench/targets/testing/stand-in.js';
import { TestAuthority } from './bench/targets/testing/test-authority.js';
import { watsonRules } from './bench/targets/testing/watson-rules.js';
import { inFolder, runCli } from './cli/cli-under-test.js';
import { runScript, shellBlocks } from './cli/testing/docs-pages.js';
import type { RunRecord } from './results/mod.js';

/** The clouds' pages against stand-ins: the commands as they are written, and what breaks each rule. */

const AWS = 'a1b2c3-ats.iot.eu-central-1.amazonaws.com';
const AZURE = 'contoso.azure-devices.net';
const WATSON = 'acme1.messaging.internetofthings.ibmcloud.com';
const GROUP_KEY = Buffer.from('a group key of an enrolment').toString('base64');
const AZURE_WEBSOCKET = '/$iothub/websocket?iothub-no-client-cert=true';

interface Scene {
  folder: string;
  standIn: StandIn;
  /** Runs the page's scenario against the stand-in, with more arguments. */
  refused(args: readonly string[], ...reason: RegExp[]): Promise<void>;
  /** The page's run against the stand-in. */
  run(args: readonly string[]): Promise<RunRecord>;
}

interface Cloud {
  page: string;
  host: string;
  /** The platform's port that the stand-in is. */
  endpoint: number;
  /** Of the stand-in's URL, in front of its address; empty where the profile says it. */
  scheme?: string;
  webSocket?: string;
  rules(platform: TestAuthority, folder: string): Promise<StandInRules>;
}

async function inCloud(cloud: Cloud, play: (scene: Scene) => Promise<void>): Promise<void> {
  const { page, host, endpoint, scheme = '', webSocket, rules } = cloud;
  const platform = await TestAuthority.create('The platform');
  const blocks = await shellBlocks(`docs/targets/${page}.md`);
  const last = blocks.pop()!;
  await inFolder({ 'AmazonRootCA1.pem': platform.cert, 'group.key': GROUP_KEY }, async (folder) => {
    if (blocks.length > 0) await runScript(blocks.join('\n'), folder, {});
    const standIn = await StandIn.start(await rules(platform, folder), webSocket);
    // Its authority is one of the system's, as that of a platform is.
    const env = { NODE_EXTRA_CA_CERTS: join(folder, 'AmazonRootCA1.pem') };
    const like = [
      ...['--target', `${scheme}127.0.0.1:${standIn.port}`],
      ...['--set', `profile.endpoint=${endpoint}`, '--set', 'groups.0.count=5'],
      ...['--set', 'phases.steady.duration=1s', '--quiet', '--probe', 'none'],
      ...['--set', 'groups.0.publish.0.arrivals.interval=200ms'],
    ];
    const run = async (args: readonly string[]): Promise<RunRecord> => {
      assert.ok(last.includes(`host: ${host}`) && last.endsWith('fleetgauge run fleet.yaml\n'));
      const all = [...like, '--out', 'runs/here', ...args].map((arg) => `'${arg}'`).join(' ');
      await runScript(`${last.trimEnd()} ${all}`, folder, env);
      return JSON.parse(await readFile(join(folder, 'runs/here/run.json'), 'utf8')) as RunRecord;
    };
    // The page's run has written the scenario.
    const refused = async (args: readonly string[], ...reasons: RegExp[]): Promise<void> => {
      const cwd = { cwd: folder, env: { ...env, IOTHUB_KEY: GROUP_KEY } };
      // A target of its own is not beside the flag, which may be given once.
      const own = args.some((arg) => arg.startsWith('target='));
      const all = ['run', 'fleet.yaml', ...(own ? like.slice(2) : like), ...args];
      const { code, err, out } = await runCli(all, cwd);
      assert.notEqual(code, 0, out);
      for (const reason of reasons) assert.match(`${err}${out}`, reason);
    };
    try {
      await play({ folder, standIn, run, refused });
    } finally {
      await standIn.stop();
    }
  });
}

function assertWhole({ totals }: RunRecord): void {
  assert.equal(totals.connects.succeeded, 5);
  assert.ok(totals.publishes.sent >= 20, JSON.stringify(totals.publishes));
  assert.equal(totals.publishes.acked, totals.publishes.sent);
}

const aws: Cloud = {
  page: 'aws-iot-core',
  host: AWS,
  endpoint: 443,
  rules: async (platform, folder) =>
    awsRules({
      endpoint: AWS,
      server: await platform.issue(AWS, [AWS]),
      deviceAuthority: await readFile(join(folder, 'things/ca.pem'), 'utf8'),
      like: 443,
      ownNameOnly: true,
    }),
};

test('AWS IoT Core’s page: devices show their own certificates, the endpoint’s name and its ALPN', async () => {
  await inCloud(aws, async ({ folder, standIn, run, refused }) => {
    assertWhole(await run([]));
    const topics = new Set(standIn.routed.map(({ topic }) => topic));
    assert.deepEqual(
      [...topics].sort(),
      [0, 1, 2, 3, 4].map((k) => `dt/thing-${k}/state`),
    );
    const stranger = await TestAuthority.create('stranger');
    const { cert, key } = await stranger.issue('thing-0');
    await writeFile(join(folder, 'cert.pem'), cert);
    await writeFile(join(folder, 'key.pem'), key);
    const shown = '{ ca: AmazonRootCA1.pem, cert: cert.pem, key: key.pem }';
    await Promise.all([
      refused(['--set', 'tls.alpn=[mqtt]'], /the target knows none of the ALPN protocols/),
      refused(
        ['--set', 'tls.servername=other.amazonaws.com', '--set', 'tls.verify=false'],
        /TLS: closed by the target/,
      ),
      refused(['--set', 'groups.0.clientId=other-%i'], /Not authorized \(0x87\)/),
      refused(['--set', `tls=${shown}`], /TLS/),
    ]);
  });
});

const azure: Cloud = {
  page: 'azure-iot-hub',
  host: AZURE,
  endpoint: 8883,
  rules: async (platform) =>
    azureRules({
      host: AZURE,
      server: await platform.issue(AZURE, [AZURE]),
      deviceKey: (id) => (id.startsWith('dev-') ? derivedDeviceKey(GROUP_KEY, id) : undefined),
      policyKey: () => undefined,
    }),
};

test('Azure IoT Hub’s page: tokens, user names and topics are those of each device', async () => {
  await inCloud(azure, async ({ standIn, run, refused }) => {
    assertWhole(await run([]));
    assert.match(standIn.routed[0]!.topic, /^devices\/dev-\d\/messages\/events\/$/);
    await Promise.all([
      refused(['--set', 'profile.sas.keyOf=policy'], /refused: .*not authorized \(0x05\)/),
      refused(['--set', 'groups.0.username=somebody'], /refused: .*not authorized \(0x05\)/),
      refused(
        ['--set', 'groups.0.publish.0.topic=devices/other/messages/events/'],
        /groups\.0\.publish\.0\.topic: expected one of devices\/dev-0\/messages\/events\/\+/,
      ),
    ]);
  });
});

test('Azure IoT Hub’s page by WebSocket: the profile knows the path', async () => {
  const byWebSocket = { endpoint: 443, scheme: 'wss://', webSocket: AZURE_WEBSOCKET };
  await inCloud({ ...azure, ...byWebSocket }, async ({ standIn, run, refused }) => {
    assertWhole(await run([]));
    const { port } = standIn;
    await refused(['--set', `target=wss://127.0.0.1:${port}/mqtt`], /404/);
  });
});

const watson: Cloud = {
  page: 'ibm-watson-iot',
  host: WATSON,
  endpoint: 8883,
  rules: async (platform) =>
    watsonRules({
      org: 'acme1',
      // The profile does not ask for the name in the handshake: the address stands for it.
      server: await platform.issue(WATSON, [WATSON]),
      token: (who) => `token-of-${who.replace('pump:', '')}`,
    }),
};

test('Watson IoT’s page: client ids have the platform’s form, and tokens are passwords', async () => {
  await inCloud(watson, async ({ standIn, run, refused }) => {
    assertWhole(await run(['--set', `tls.servername=${WATSON}`]));
    assert.match(standIn.routed[0]!.topic, /^iot-2\/type\/pump\/id\/p\d\/evt\/status\/fmt\/json$/);
    const named = ['--set', `tls.servername=${WATSON}`];
    await refused(
      [...named, '--set', 'groups.0.password=wrong'],
      /refused: .*user name or password/i,
    );
    await refused(['--set', 'groups.0.clientId=pump-%i'], /d:org:type:id/);
    // The profile would say so before: what another's says is left to the platform.
    const unchecked = ['--profile', 'mosquitto', '--set', 'profile.endpoint=1883'];
    const tls = ['--set', `target=mqtts://127.0.0.1:${standIn.port}`];
    const pump = ['clientId=pump-%i', 'protocol=4', 'username=use-token-auth'];
    const group = pump.flatMap((one) => ['--set', `groups.0.${one}`]);
    await refused([...named, ...unchecked, ...tls, ...group], /refused: .*identifier/i);
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { inFolder, runCli, startCli } from './cli-under-test.js';
import { said } from './testing/agent-fleet.js';

/** Of a manifest, what the tests look at. */
interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: {
    ports: { port: number }[];
    selector: Record<string, string>;
    completionMode: string;
    completions: number;
    parallelism: number;
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        containers: {
          command: string[];
          args: string[];
          ports?: { containerPort: number }[];
          env?: { name: string; valueFrom: object }[];
        }[];
      };
    };
  };
}

function manifests(file: string): Manifest[] {
  // Compiled tests lie in <root>/dist/cli.
  const path = fileURLToPath(new URL(`../../deploy/kubernetes/${file}`, import.meta.url));
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as Manifest;
  });
}

const all = manifests('agents.yaml');

function named(kind: string, name: string): Manifest {
  const found = all.find((each) => each.kind === kind && each.metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
}

const container = (job: Manifest) => job.spec.template.spec.containers[0]!;
const coordinator = named('Job', 'fleetgauge-run');
const agents = named('Job', 'fleetgauge-agents');
const env = { FLEETGAUGE_SECRET: '0123456789abcdef0123456789abcdef' };

function flag(args: readonly string[], name: string): string {
  return args.find((arg) => arg.startsWith(`--${name}=`))?.split('=', 2)[1] ?? '';
}

test('the coordinator of deploy/kubernetes is a command line that is accepted, with a scenario that is', async () => {
  const { command, args } = container(coordinator);
  assert.deepEqual(command, ['fleetgauge']);
  const scenario = named('ConfigMap', 'fleetgauge-scenario').data?.['scenario.yaml'] ?? '';
  await inFolder({ 'scenario.yaml': scenario }, async (cwd) => {
    const here = args.map((arg) => arg.replace('/scenario/', './'));
    const { code, out, err } = await runCli([...here, '--dry-run'], { cwd, env });
    assert.equal(code, 0, err);
    assert.match(out, /^# 20,?004 devices connect/);
  });
});

test('its agents are, too, and look for the coordinator where it listens', async () => {
  const { command, args } = container(agents);
  assert.deepEqual(command, ['fleetgauge']);
  const [service, port] = flag(args, 'store').replace('embedded://', '').split(':');
  const found = named('Service', service!);
  assert.deepEqual(
    found.spec.ports.map((each) => each.port),
    [Number(port)],
  );
  assert.deepEqual(found.spec.selector, coordinator.spec.template.metadata.labels);
  assert.equal(flag(container(coordinator).args, 'listen'), `0.0.0.0:${port}`);
  assert.deepEqual(container(coordinator).ports, [{ containerPort: Number(port) }]);
  assert.deepEqual(container(coordinator).env, container(agents).env);
  // Nobody listens on port 1 of this machine.
  const here = args.map((arg) => arg.replace(`${service}:${port}`, '127.0.0.1:1'));
  const agent = startCli(here, { env });
  try {
    await said(agent, /127\.0\.0\.1:1 does not answer.*trying again/);
    agent.process.kill('SIGTERM');
    assert.equal((await agent.ended).code, 0);
  } finally {
    agent.process.kill('SIGKILL');
  }
});

test('there are as many agents as the coordinator waits for', () => {
  const { completionMode, completions, parallelism } = agents.spec;
  const count = Number(flag(container(coordinator).args, 'agents'));
  assert.deepEqual([completionMode, completions, parallelism], ['Indexed', count, count]);
});

test('the optional etcd is found by the name that its page gives', () => {
  const [service, set] = manifests('etcd.yaml');
  assert.equal(service!.metadata.name, 'fleetgauge-etcd');
  assert.deepEqual(service!.spec.selector, set!.spec.template.metadata.labels);
  assert.deepEqual(
    service!.spec.ports.map((each) => each.port),
    [2379],
  );
});

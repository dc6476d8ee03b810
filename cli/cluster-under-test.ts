import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Ended, inFolder, runCli, type Started, startCli } from './cli-under-test.js';

export interface UpNode {
  name: string;
  role: string;
  url: string;
}

/** `fleetgauge broker up` as a user starts it, with a runtime folder of its own. */
export interface UpCluster {
  nodes: UpNode[];
  started: Started;
  folder: string;
  ctl(node: UpNode, ...command: string[]): Promise<Ended>;
  /** Ends the process of one node at once. */
  kill(node: UpNode): void;
}

const TIMEOUT_MS = 60_000;

/** Starts a cluster, and ends it whatever the test does. */
export async function withCluster(
  flags: readonly string[],
  count: number,
  test: (cluster: UpCluster) => Promise<void>,
): Promise<void> {
  await inFolder({}, async (folder) => {
    const env = { XDG_RUNTIME_DIR: join(folder, 'runtime'), FLEETGAUGE_NODE: '' };
    const started = startCli(['broker', 'up', ...flags], { env, cwd: folder });
    try {
      const nodes = await nodesOf(started, count);
      await test({
        nodes,
        started,
        folder,
        ctl: (node, ...command) => runCli(['ctl', '--node', node.name, ...command], { env }),
        kill: (node) => process.kill(pidOf(node), 'SIGKILL'),
      });
    } finally {
      started.process.kill('SIGINT');
      await started.ended;
    }
  });
}

async function nodesOf(started: Started, count: number): Promise<UpNode[]> {
  const endMs = performance.now() + TIMEOUT_MS;
  for (;;) {
    const lines = started.output.out.split('\n').slice(0, -1);
    if (lines.length >= count) {
      return lines.map((line) => {
        const [name, role, url] = line.split(/\s+/) as [string, string, string];
        return { name, role, url };
      });
    }
    if (started.process.exitCode !== null || performance.now() > endMs) {
      throw new Error(`${lines.length} of ${count} nodes are up: ${started.output.err}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Of the process that listens at the node's address. */
export function pidOf({ url }: UpNode): number {
  const { hostname } = new URL(url);
  const line = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .find((text) => text.includes(`broker start --host ${hostname} `));
  if (line === undefined) throw new Error(`no process of a node at ${hostname}`);
  return Number.parseInt(line, 10);
}

/** Processes of nodes at these addresses that are left. */
export function leftOf(nodes: readonly UpNode[]): string[] {
  const hosts = nodes.map(({ url }) => new URL(url).hostname);
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => hosts.some((host) => line.includes(`${host} `) || line.includes(`${host}:`)));
}

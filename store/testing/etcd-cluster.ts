import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedEtcd } from '../managed-etcd.js';
import type { ManagedEtcdOptions } from '../member-start.js';
import { freePort } from './free-port.js';

export interface EtcdCluster {
  readonly folder: string;
  readonly members: ManagedEtcd[];
  readonly endpoints: string[];
  /** What the members say to whoever runs them. */
  readonly lines: string[];
  stop(): Promise<void>;
}

/** Real etcd members on loopback with data in a temporary folder; each but the first joins. */
export async function startCluster(
  size: number,
  more: Partial<ManagedEtcdOptions> = {},
): Promise<EtcdCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-etcd-'));
  const lines: string[] = [];
  const members: ManagedEtcd[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (let number = 1; number <= size; number++) {
      const [first] = members;
      members.push(
        await ManagedEtcd.start({
          name: `m${number}`,
          dataDir: join(folder, `m${number}`),
          host: '127.0.0.1',
          clientPort: await freePort(),
          peerPort: await freePort(),
          initialCluster: first === undefined ? 'new' : { join: [first.clientUrl] },
          died: (line) => lines.push(line),
          ...more,
        }),
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { folder, members, endpoints: members.map(({ clientUrl }) => clientUrl), lines, stop };
}

import type { IMember } from 'etcd3';
import type { EtcdEndpoints } from './etcd-endpoints.js';
import { retryUntil } from './retry.js';

const REMOVE_MS = 20_000;

export interface EtcdMember {
  id: string;
  /** Empty until it was started for the first time. */
  name: string;
  peerUrls: readonly string[];
  clientUrls: readonly string[];
  /** It has no vote yet. */
  isLearner: boolean;
}

/** Who belongs to an etcd cluster, and changes of that. */
export class EtcdMembers {
  readonly #endpoints: EtcdEndpoints;

  constructor(endpoints: EtcdEndpoints) {
    this.#endpoints = endpoints;
  }

  useEndpoints(endpoints: readonly string[]): void {
    this.#endpoints.use(endpoints);
  }

  async list(): Promise<EtcdMember[]> {
    return (await this.look()).members;
  }

  /** Who belongs to the cluster, and which one it is. */
  async look(): Promise<{ clusterId: string; members: EtcdMember[] }> {
    const { header, members } = await this.#endpoints.run(
      (client) => client.cluster.memberList({}),
      true,
    );
    return { clusterId: header.cluster_id, members: members.map(memberOf) };
  }

  /**
   * Adds a member that does not run yet, without a vote, so that the cluster does not wait for it should it never come.
   * @returns `--initial-cluster` of the new member
   */
  async add(name: string, peerUrl: string): Promise<string[]> {
    const before = await this.list();
    if (!before.some(({ peerUrls }) => peerUrls.includes(peerUrl))) {
      await this.#endpoints.run(
        (client) => client.cluster.memberAdd({ peerURLs: [peerUrl], isLearner: true }),
        false,
      );
    }
    return (await this.list()).flatMap((member) =>
      member.peerUrls.map((url) => `${url === peerUrl ? name : member.name || member.id}=${url}`),
    );
  }

  /** Gives it its vote; etcd refuses while it has not caught up. */
  async promote(peerUrl: string): Promise<void> {
    const member = await this.withPeerUrl(peerUrl);
    if (member?.isLearner !== true) return;
    await this.#endpoints.run((client) => client.cluster.memberPromote({ ID: member.id }), false);
  }

  async withPeerUrl(peerUrl: string): Promise<EtcdMember | undefined> {
    return (await this.list()).find(({ peerUrls }) => peerUrls.includes(peerUrl));
  }

  async removeLearner(peerUrl: string): Promise<void> {
    const member = await this.withPeerUrl(peerUrl);
    if (member?.isLearner === true) await this.remove(member.id);
  }

  /** etcd refuses for some seconds after a member came back, and while too few of those that stay are there. */
  async remove(id: string): Promise<void> {
    await retryUntil(performance.now() + REMOVE_MS, async () => {
      if ((await this.list()).every((member) => member.id !== id)) return;
      await this.#endpoints.run((client) => client.cluster.memberRemove({ ID: id }), false);
    });
  }

  /** If the member behind `clientUrl` leads, has another one lead, so that its going stops nobody. */
  async handOver(clientUrl: string, id: string, others: readonly EtcdMember[]): Promise<void> {
    const heir = others.find(({ isLearner, name }) => !isLearner && name !== '');
    const client = this.#endpoints.client(clientUrl);
    try {
      const { leader } = await client.maintenance.status();
      if (leader === id && heir !== undefined) {
        await client.maintenance.moveLeader({ targetID: heir.id });
      }
    } catch {
      // It goes anyway; the others then elect a leader by themselves.
    }
  }

  close(): void {
    this.#endpoints.close();
  }
}

function memberOf({ ID, name, peerURLs, clientURLs, isLearner }: IMember): EtcdMember {
  return { id: ID, name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner };
}

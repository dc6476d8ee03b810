import type { EtcdTls } from './etcd-endpoints.js';
import type { EtcdMember, EtcdMembers } from './etcd-members.js';
import { connectedPeers, memberIdAt } from './etcd-probe.js';
import { StoreError } from './store-error.js';

/** The others may take as long to notice that a machine is gone: etcd gives up a silent connection after 5 s. */
const ENDED_MS = 12_000;
const ASK_AGAIN_MS = 500;

/**
 * Takes a member out of the cluster that has lost what it knew, so that it can be added anew: with its old id, it
 * could vote a second time in an election in which it has voted. Whoever still runs under the name stays, and
 * nobody is taken out where those that are left have no quorum without it.
 * @throws StoreError BAD_CONFIG if it still runs; UNAVAILABLE while too few of the others answer
 */
export async function takeOutLost(
  members: Pick<EtcdMembers, 'list' | 'remove'>,
  name: string,
  peerUrl: string,
  tls: EtcdTls | undefined,
): Promise<void> {
  const all = await members.list();
  const old = all.find((each) => each.name === name || each.peerUrls.includes(peerUrl));
  if (old === undefined) return;
  const others = all.filter((each) => each !== old);
  const endMs = performance.now() + ENDED_MS;
  for (;;) {
    const answersAt = await urlOfAnswering(old, tls);
    const where = answersAt ?? (await whoIsConnected(old, others, tls));
    if (where === undefined) break;
    if (answersAt !== undefined || performance.now() > endMs) {
      throw new StoreError(
        'BAD_CONFIG',
        `an etcd member '${name}' is in the cluster and runs (${where}), but not with the data of this node: stop the other node of this name, or give this one another name or its data folder back`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
  await checkQuorum(old, others, tls);
  await members.remove(old.id);
}

async function urlOfAnswering(
  { id, clientUrls }: EtcdMember,
  tls: EtcdTls | undefined,
): Promise<string | undefined> {
  for (const url of clientUrls) if ((await memberIdAt(url, tls)) === id) return `at ${url}`;
  return undefined;
}

async function whoIsConnected(
  old: EtcdMember,
  others: readonly EtcdMember[],
  tls: EtcdTls | undefined,
): Promise<string | undefined> {
  for (const { name, clientUrls } of others) {
    for (const url of clientUrls) {
      if ((await connectedPeers(url, tls)).has(old.id)) return `'${name}' is connected to it`;
    }
  }
  return undefined;
}

/** etcd looks at this as well, by what it knows of connections. */
async function checkQuorum(
  old: EtcdMember,
  others: readonly EtcdMember[],
  tls: EtcdTls | undefined,
): Promise<void> {
  if (old.isLearner) return;
  const voters = others.filter(({ isLearner }) => !isLearner);
  const answering = await Promise.all(voters.map((voter) => urlOfAnswering(voter, tls)));
  const count = answering.filter((url) => url !== undefined).length;
  const needed = Math.floor(voters.length / 2) + 1;
  if (count >= needed) return;
  throw new StoreError(
    'UNAVAILABLE',
    `only ${count} of the ${voters.length} other etcd members answer, and ${needed} must before '${old.name}', whose data are gone, can be added anew: start them`,
  );
}

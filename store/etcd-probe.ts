import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { EtcdEndpoints, type EtcdTls } from './etcd-endpoints.js';
import { storeErrorOf } from './etcd-errors.js';
import { EtcdKeys } from './etcd-keys.js';

/**
 * What is behind an endpoint.
 * - `serves`: an etcd that can get at its quorum
 * - `waits`: an etcd that cannot, for others are missing or it has no vote yet
 * - `stranger`: something with other certificates, or with none
 * - `absent`: nothing that answers
 */
export type Presence = 'serves' | 'waits' | 'stranger' | 'absent';

const PROBE_MS = 2_000;
/** While it has no quorum it takes connections from clients and is silent. */
const SILENCE_MS = 1_000;
/** etcd's metrics are some 100 KB. */
const MOST_BYTES = 4 * 2 ** 20;

/** @param at its client endpoint, and where other members reach it: only there it answers before it has a quorum */
export async function presenceAt(
  at: { client: string; peer: string },
  tls?: EtcdTls,
): Promise<Presence> {
  const atClient = await asking(at.client, tls, async (endpoints): Promise<Presence> => {
    const client = endpoints.client(at.client);
    try {
      await client.maintenance.status({ deadline: Date.now() + SILENCE_MS });
    } catch (error) {
      return storeErrorOf(error, at.client).code === 'BAD_CONFIG' ? 'stranger' : 'absent';
    }
    try {
      const range = { key: new EtcdKeys('').probe(), count_only: true };
      await client.kv.range(range, { deadline: Date.now() + PROBE_MS });
      return 'serves';
    } catch {
      return 'waits';
    }
  });
  if (atClient !== 'absent') return atClient;
  try {
    await textAt(`${at.peer}/members`, tls);
    return 'waits';
  } catch (error) {
    return isAboutTls(error) ? 'stranger' : 'absent';
  }
}

/** Id of the member that answers there; undefined where none does. */
export async function memberIdAt(url: string, tls?: EtcdTls): Promise<string | undefined> {
  return asking(url, tls, async (endpoints) => {
    try {
      const { maintenance } = endpoints.client(url);
      return (await maintenance.status({ deadline: Date.now() + PROBE_MS })).header.member_id;
    } catch {
      return undefined;
    }
  });
}

/** Ids of the members that the one behind `url` is connected to just now. */
export async function connectedPeers(url: string, tls?: EtcdTls): Promise<Set<string>> {
  const metrics = await textAt(`${url}/metrics`, tls).catch(() => '');
  const lines = metrics.matchAll(
    /^etcd_network_active_peers\{[^}]*Remote="([0-9a-f]+)"[^}]*\} ([0-9.e+]+)$/gm,
  );
  const peers = new Set<string>();
  for (const [, id, count] of lines) {
    if (Number(count) > 0) peers.add(BigInt(`0x${id}`).toString());
  }
  return peers;
}

async function asking<T>(
  url: string,
  tls: EtcdTls | undefined,
  ask: (endpoints: EtcdEndpoints) => Promise<T>,
): Promise<T> {
  const options = { endpoints: [url], requestTimeoutMs: PROBE_MS };
  const endpoints = new EtcdEndpoints(
    tls === undefined ? options : { ...options, tls },
    new EtcdKeys(''),
  );
  try {
    return await ask(endpoints);
  } finally {
    endpoints.close();
  }
}

function isAboutTls(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /CERT|SIGNATURE|SSL|TLS|EPROTO/.test(code);
}

function textAt(url: string, tls: EtcdTls = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const isSafe = url.startsWith('https:');
    const options = { agent: false as const, timeout: PROBE_MS, ...(isSafe ? tls : {}) };
    const request = (isSafe ? httpsRequest : httpRequest)(url, options, (response) => {
      if (response.statusCode !== 200) {
        request.destroy(new Error(`status ${response.statusCode}`));
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) request.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    request.end();
  });
}

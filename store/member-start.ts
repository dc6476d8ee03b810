import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CookieCertificates } from './cookie-certificates.js';
import { EtcdEndpoints, type EtcdTls } from './etcd-endpoints.js';
import { argsOf, urlOf } from './etcd-flags.js';
import { EtcdKeys } from './etcd-keys.js';
import { EtcdMembers } from './etcd-members.js';
import { EtcdProcess } from './etcd-process.js';
import { type IdentityFiles, writeIdentity } from './identity-files.js';
import { type AddressLookup, HERE, listenAddresses } from './listen-addresses.js';
import { takeOutLost } from './lost-member.js';
import {
  clusterIdIn,
  dataIn,
  deleteData,
  isDamage,
  noteClusterId,
  setAside,
} from './member-data.js';
import { retryUntil } from './retry.js';
import { StoreError } from './store-error.js';

export interface ManagedEtcdOptions {
  /** Of the member, unlike that of any other member. */
  name: string;
  dataDir: string;
  /** Where the other members and all stores reach this one: an address or a name. */
  host: string;
  clientPort: number;
  peerPort: number;
  /**
   * `new`: the first member of a cluster. `join`: one more, added through these client endpoints. Where
   * dataDir holds a member already, it goes on being that one, whatever is said here. If the members at `join` do
   * not know it any more, or its data are damaged or gone, it is added anew, and what is left of them put aside.
   */
  initialCluster: 'new' | { join: readonly string[] };
  /** What members and clients show each other; without, they speak plain HTTP with everybody. */
  certificates?: CookieCertificates | undefined;
  startTimeoutMs?: number;
  /** Size of the database from which on etcd takes no more. */
  quotaBytes?: number;
  /** Told when etcd ended unasked for; it is started again. */
  died?: (why: string) => void;
  /** Told what an operator should know of its start. */
  say?: (line: string) => void;
  /** Where programs are looked for; default: $PATH. */
  path?: string;
  /** What names stand for, and which addresses this machine has. */
  addresses?: AddressLookup;
}

/** A member that takes part in its cluster. */
export interface StartedMember {
  etcd: EtcdProcess;
  /** Asked through this member. */
  members: EtcdMembers;
}

const START_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** While it comes up it accepts connections and does not answer: it is asked anew rather than waited for. */
const OWN_TIMEOUT_MS = 1_500;
const QUOTA_BYTES = 4 * 2 ** 30;

export function urlsOf({ host, clientPort, peerPort, certificates }: ManagedEtcdOptions): {
  client: string;
  peer: string;
} {
  const isSafe = certificates !== undefined;
  return { client: urlOf(host, clientPort, isSafe), peer: urlOf(host, peerPort, isSafe) };
}

/** @throws StoreError, as ManagedEtcd.start */
export async function startMember(options: ManagedEtcdOptions): Promise<StartedMember> {
  const path = options.path ?? process.env.PATH ?? '';
  // Looks for the program before anything is changed in the cluster.
  EtcdProcess.find(path);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const { addresses, note } = await listenAddresses(options.host, options.addresses ?? HERE);
  if (note !== undefined) options.say?.(note);
  const identity = await writeIdentities(options);
  return new MemberStart(options, path, addresses, identity).run();
}

/** The member's, and beside it one that an operator can have `etcdctl` show. */
async function writeIdentities({
  dataDir,
  certificates,
}: ManagedEtcdOptions): Promise<IdentityFiles | undefined> {
  if (certificates === undefined) return undefined;
  const folder = join(dataDir, 'tls');
  await writeIdentity(join(folder, 'client'), certificates.client);
  return writeIdentity(join(folder, 'member'), certificates.server);
}

class MemberStart {
  readonly #options: ManagedEtcdOptions;
  readonly #path: string;
  readonly #listen: readonly string[];
  readonly #identity: IdentityFiles | undefined;
  readonly #deadlineMs: number;
  readonly #peerUrl: string;
  readonly #own: EtcdMembers;
  /** What etcd said of data that do not hold together. */
  #damage: string | undefined;

  constructor(
    options: ManagedEtcdOptions,
    path: string,
    listen: readonly string[],
    identity: IdentityFiles | undefined,
  ) {
    this.#options = options;
    this.#path = path;
    this.#listen = listen;
    this.#identity = identity;
    this.#deadlineMs = performance.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS);
    const { client, peer } = urlsOf(options);
    this.#peerUrl = peer;
    this.#own = membersAt([client], options.certificates?.client, OWN_TIMEOUT_MS);
  }

  async run(): Promise<StartedMember> {
    const { initialCluster, certificates } = this.#options;
    const through = initialCluster === 'new' ? [] : initialCluster.join;
    const others = through.length === 0 ? undefined : membersAt(through, certificates?.client);
    try {
      return await this.#start(others);
    } catch (error) {
      this.#own.close();
      throw error;
    } finally {
      others?.close();
    }
  }

  async #start(others: EtcdMembers | undefined): Promise<StartedMember> {
    const { name, dataDir } = this.#options;
    const data = dataIn(dataDir);
    const isKnown = data === 'none' || others === undefined || (await this.#isKnownTo(others));
    if (data === 'none' && others === undefined) {
      return this.#bring([`${name}=${this.#peerUrl}`], 'new', () => this.#answers());
    }
    if (data === 'whole' && isKnown) {
      try {
        return await this.#bring([`${name}=${this.#peerUrl}`], 'existing', async () => {
          // It may have been stopped before it had its vote. Those asked may be gone meanwhile.
          await others?.promote(this.#peerUrl).catch(onlyUnavailable);
          await this.#answers();
        });
      } catch (error) {
        if (this.#damage === undefined || others === undefined) throw error;
      }
    }
    if (others !== undefined) return this.#addAnew(others);
    throw new StoreError(
      'BAD_CONFIG',
      `the data of the etcd member in '${dataDir}' are gone in part: start it while the other cores run; if there are none, delete the folder, and it begins anew with nothing`,
    );
  }

  async #addAnew(others: EtcdMembers): Promise<StartedMember> {
    const { name, dataDir, certificates, say } = this.#options;
    const tls = certificates?.client;
    await this.#inTime(undefined, () => takeOutLost(others, name, this.#peerUrl, tls));
    const aside = await setAside(dataDir);
    if (aside !== undefined) {
      const why = this.#damage === undefined ? 'of no use to the cluster any more' : 'damaged';
      say?.(`the data of its etcd member are ${why}: it is added anew; they are in '${aside}'`);
    }
    const cluster = await this.#inTime(undefined, () => others.add(name, this.#peerUrl));
    try {
      return await this.#bring(cluster, 'existing', async () => {
        await others.promote(this.#peerUrl);
        await this.#answers();
      });
    } catch (error) {
      await others.removeLearner(this.#peerUrl).catch(() => undefined);
      await deleteData(dataDir);
      throw error;
    }
  }

  /**
   * Whether they have it among them: it may have been taken out while it did not run.
   * @throws StoreError BAD_CONFIG where they are another cluster, so that its data may be all that is left of its own
   */
  async #isKnownTo(others: EtcdMembers): Promise<boolean> {
    const { name, dataDir } = this.#options;
    const found = await others.look().catch(onlyUnavailable);
    if (found === undefined) return true;
    const { clusterId, members } = found;
    const own = clusterIdIn(dataDir);
    if (own !== undefined && own !== clusterId) {
      const who = members.map((each) => `'${each.name}'`).join(', ');
      throw new StoreError(
        'BAD_CONFIG',
        `the etcd of ${who} is another cluster than that whose data are in '${dataDir}': if it began anew by mistake, stop it, delete its data, and start this node before it; otherwise delete these`,
      );
    }
    return members.some((each) => each.name === name || each.peerUrls.includes(this.#peerUrl));
  }

  /** Starts etcd and waits for `isUp` to resolve. */
  async #bring(
    cluster: readonly string[],
    state: 'new' | 'existing',
    isUp: () => Promise<void>,
  ): Promise<StartedMember> {
    const { quotaBytes = QUOTA_BYTES, died, dataDir } = this.#options;
    this.#damage = undefined;
    const etcd = new EtcdProcess({
      args: argsOf({
        ...this.#options,
        quotaBytes,
        listen: this.#listen,
        identity: this.#identity,
        cluster,
        state,
        token: randomUUID(),
      }),
      path: this.#path,
      died: (why) => {
        if (isDamage(why)) this.#damage = why;
        died?.(why);
      },
    });
    try {
      await this.#inTime(etcd, async () => {
        if (this.#damage !== undefined) {
          throw new StoreError(
            'DAMAGED',
            `the data of the etcd member in '${dataDir}' are damaged: start it while the other cores run (${this.#damage})`,
          );
        }
        await isUp();
      });
      await noteClusterId(dataDir, (await this.#own.look()).clusterId);
      return { etcd, members: this.#own };
    } catch (error) {
      await etcd.stop();
      throw error;
    }
  }

  /** That it is this member that answers, and not somebody else on its port. */
  async #answers(): Promise<void> {
    const { name } = this.#options;
    const members = await this.#own.list();
    if (members.some((each) => each.name === name && each.peerUrls.includes(this.#peerUrl))) return;
    const who = members.map((each) => each.name).join(', ');
    throw new StoreError(
      'BAD_CONFIG',
      `another etcd (${who}) answers on the client port of member '${name}': choose another port`,
    );
  }

  async #inTime<T>(etcd: EtcdProcess | undefined, attempt: () => Promise<T>): Promise<T> {
    try {
      return await retryUntil(this.#deadlineMs, attempt);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE') throw error;
      const why = etcd === undefined ? '' : `; of the etcd started here, ${etcd.lastWords()}`;
      throw new StoreError(
        'UNAVAILABLE',
        `the etcd member did not come up: ${error.message}${why}`,
      );
    }
  }
}

function onlyUnavailable(error: unknown): undefined {
  if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE') throw error;
}

function membersAt(
  endpoints: readonly string[],
  tls: EtcdTls | undefined,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): EtcdMembers {
  const options = { endpoints, requestTimeoutMs };
  return new EtcdMembers(
    new EtcdEndpoints(tls === undefined ? options : { ...options, tls }, new EtcdKeys('')),
  );
}

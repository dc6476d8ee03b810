import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { EtcdEndpoints } from './etcd-endpoints.js';
import { EtcdKeys } from './etcd-keys.js';
import { type EtcdMember, EtcdMembers } from './etcd-members.js';
import { EtcdProcess } from './etcd-process.js';
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
   * dataDir holds a member already, it goes on being that one, whatever is said here.
   */
  initialCluster: 'new' | { join: readonly string[] };
  startTimeoutMs?: number;
  /** Size of the database from which on etcd takes no more. */
  quotaBytes?: number;
  /** Told when etcd ended unasked for; it is started again. */
  died?: (why: string) => void;
  /** Where programs are looked for; default: $PATH. */
  path?: string;
}

const START_TIMEOUT_MS = 30_000;
const QUOTA_BYTES = 4 * 2 ** 30;

/**
 * The flags beside addresses and names. Compaction keeps five minutes of history, far more than a watch that
 * breaks needs. Pings find a client that stands still long before that: below 3.4.31 etcd can otherwise drop
 * changes for it in silence when it compacts (issue 17529).
 */
const FLAGS = [
  ['--logger', 'zap'],
  ['--log-level', 'error'],
  ['--log-outputs', 'stderr'],
  // Fewer entries of the log in memory than the default of 100,000.
  ['--snapshot-count', '10000'],
  ['--auto-compaction-mode', 'periodic'],
  ['--auto-compaction-retention', '5m'],
  // A retained message may be large.
  ['--max-request-bytes', String(8 * 2 ** 20)],
  ['--grpc-keepalive-interval', '10s'],
  ['--grpc-keepalive-timeout', '20s'],
].flat();

/** An etcd member of one's own: started, watched over, taken out of its cluster again. */
export class ManagedEtcd {
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly #options: ManagedEtcdOptions;
  readonly #process: EtcdProcess;
  readonly #members: EtcdMembers;
  #known: readonly EtcdMember[] = [];

  private constructor(options: ManagedEtcdOptions, process: EtcdProcess, members: EtcdMembers) {
    this.#options = options;
    this.#process = process;
    this.#members = members;
    this.clientUrl = urlOf(options.host, options.clientPort);
    this.peerUrl = urlOf(options.host, options.peerPort);
  }

  /**
   * Resolves when this member takes part in its cluster.
   * @throws StoreError BAD_CONFIG without the program; UNAVAILABLE when it does not come up in time
   */
  static async start(options: ManagedEtcdOptions): Promise<ManagedEtcd> {
    const path = options.path ?? process.env.PATH ?? '';
    const deadlineMs = performance.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS);
    const clientUrl = urlOf(options.host, options.clientPort);
    const peerUrl = urlOf(options.host, options.peerPort);
    const isKnown = existsSync(join(options.dataDir, 'member'));
    const joined = isKnown || options.initialCluster === 'new' ? [] : options.initialCluster.join;
    await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
    const admin = joined.length === 0 ? undefined : membersAt(joined);
    let cluster = [`${options.name}=${peerUrl}`];
    let isAdded = false;
    let etcd: EtcdProcess | undefined;
    const own = membersAt([clientUrl]);
    try {
      const start = () =>
        new EtcdProcess({
          args: argsOf(options, cluster, admin === undefined ? 'new' : 'existing'),
          path,
          died: (why) => options.died?.(why),
        });
      if (admin === undefined) {
        etcd = start();
        await comeUp(deadlineMs, etcd, () => answers(own, options.name, peerUrl));
      } else {
        // Looks for the program before anything is changed in the cluster.
        EtcdProcess.find(path);
        cluster = await comeUp(deadlineMs, undefined, () => admin.add(options.name, peerUrl));
        isAdded = true;
        etcd = start();
        await comeUp(deadlineMs, etcd, () => admin.promote(peerUrl));
        await comeUp(deadlineMs, etcd, () => answers(own, options.name, peerUrl));
      }
      const managed = new ManagedEtcd(options, etcd, own);
      await managed.members();
      return managed;
    } catch (error) {
      await etcd?.stop();
      own.close();
      if (isAdded) {
        await admin?.removeLearner(peerUrl).catch(() => undefined);
        await rm(join(options.dataDir, 'member'), { recursive: true, force: true });
      }
      throw error;
    } finally {
      admin?.close();
    }
  }

  /** Whether a member could be started here. @throws StoreError BAD_CONFIG without the program */
  static check(path = process.env.PATH ?? ''): void {
    EtcdProcess.find(path);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** Client endpoints of all members as last heard of, one's own first. */
  endpoints(): string[] {
    const others = this.#known
      .filter(({ isLearner }) => !isLearner)
      .flatMap((each) => each.clientUrls);
    return [this.clientUrl, ...others.filter((url) => url !== this.clientUrl)];
  }

  async members(): Promise<readonly EtcdMember[]> {
    this.#known = await this.#members.list();
    this.#members.useEndpoints(this.endpoints());
    return this.#known;
  }

  /** Takes another member, which is gone for good, out of the cluster. */
  async remove(name: string): Promise<void> {
    const member = (await this.members()).find((each) => each.name === name);
    if (member !== undefined) await this.#members.remove(member.id);
    await this.members();
  }

  /** Leaves the cluster and forgets its data; the others keep theirs. */
  async removeSelf(): Promise<void> {
    const members = await this.members();
    const self = members.find(({ peerUrls }) => peerUrls.includes(this.peerUrl));
    const others = members.filter((member) => member !== self);
    if (self !== undefined && others.length > 0) {
      await this.#members.handOver(this.clientUrl, self.id, others);
      this.#members.useEndpoints(others.flatMap(({ clientUrls }) => clientUrls));
      await this.#members.remove(self.id);
    }
    await this.stop();
    await rm(join(this.#options.dataDir, 'member'), { recursive: true, force: true });
  }

  /** Stops the process; its data stay, and the others miss a member until it is started again. */
  async stop(): Promise<void> {
    this.#members.close();
    await this.#process.stop();
  }
}

function membersAt(endpoints: readonly string[]): EtcdMembers {
  return new EtcdMembers(
    new EtcdEndpoints({ endpoints, requestTimeoutMs: 5_000 }, new EtcdKeys('')),
  );
}

/** That it is this member that answers, and not somebody else on its port. */
async function answers(own: EtcdMembers, name: string, peerUrl: string): Promise<void> {
  const members = await own.list();
  if (members.some((each) => each.name === name && each.peerUrls.includes(peerUrl))) return;
  const who = members.map((each) => each.name).join(', ');
  throw new StoreError(
    'BAD_CONFIG',
    `another etcd (${who}) answers on the client port of member '${name}': choose another port`,
  );
}

function argsOf(
  { name, dataDir, host, clientPort, peerPort, quotaBytes }: ManagedEtcdOptions,
  cluster: readonly string[],
  state: 'new' | 'existing',
): string[] {
  // It listens on addresses only; a name can stand for several.
  const listen = isIP(host) === 0 ? '0.0.0.0' : host;
  return [
    ...FLAGS,
    ...['--quota-backend-bytes', String(quotaBytes ?? QUOTA_BYTES)],
    ...['--name', name],
    ...['--data-dir', dataDir],
    ...['--listen-client-urls', urlOf(listen, clientPort)],
    ...['--advertise-client-urls', urlOf(host, clientPort)],
    ...['--listen-peer-urls', urlOf(listen, peerPort)],
    ...['--initial-advertise-peer-urls', urlOf(host, peerPort)],
    ...['--initial-cluster', cluster.join(',')],
    ...['--initial-cluster-state', state],
  ];
}

function urlOf(host: string, port: number): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

async function comeUp<T>(
  deadlineMs: number,
  etcd: EtcdProcess | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await retryUntil(deadlineMs, attempt);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE') throw error;
    const why = etcd === undefined ? '' : `; of the etcd started here, ${etcd.lastWords()}`;
    throw new StoreError('UNAVAILABLE', `the etcd member did not come up: ${error.message}${why}`);
  }
}

import type { EtcdTls } from './etcd-endpoints.js';
import type { EtcdMember, EtcdMembers } from './etcd-members.js';
import { EtcdProcess } from './etcd-process.js';
import { deleteData } from './member-data.js';
import { type ManagedEtcdOptions, startMember, urlsOf } from './member-start.js';

/** Something that uses the cluster through some of its members. */
export interface EndpointsUser {
  useEndpoints(endpoints: readonly string[]): void;
}

/** How old what is known of the other members may be. */
const LOOK_EVERY_MS = 3_000;

/** An etcd member of one's own: started, watched over, taken out of its cluster again. */
export class ManagedEtcd {
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly #options: ManagedEtcdOptions;
  readonly #process: EtcdProcess;
  readonly #members: EtcdMembers;
  #known: readonly EtcdMember[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: ManagedEtcdOptions, process: EtcdProcess, members: EtcdMembers) {
    this.#options = options;
    this.#process = process;
    this.#members = members;
    const { client, peer } = urlsOf(options);
    this.clientUrl = client;
    this.peerUrl = peer;
  }

  /**
   * Resolves when this member takes part in its cluster.
   * @throws StoreError BAD_CONFIG without the program, where somebody else has its name or port, or where half of its
   *   data are gone and nobody else is there; DAMAGED; UNAVAILABLE when it does not come up in time
   */
  static async start(options: ManagedEtcdOptions): Promise<ManagedEtcd> {
    const { etcd, members } = await startMember(options);
    const managed = new ManagedEtcd(options, etcd, members);
    try {
      await managed.members();
      return managed;
    } catch (error) {
      await managed.stop();
      throw error;
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

  /** What a client of the cluster must show; undefined: nothing. */
  get tls(): EtcdTls | undefined {
    return this.#options.certificates?.client;
  }

  /** Client endpoints of all members as last heard of, one's own first. */
  endpoints(): string[] {
    const others = this.#known
      .filter(({ isLearner }) => !isLearner)
      .flatMap((each) => each.clientUrls);
    return [this.clientUrl, ...others.filter((url) => url !== this.clientUrl)];
  }

  /**
   * From now on tells it of members that come and go, until this one is stopped: so it has others to turn to
   * when this one's etcd is dead.
   */
  keepCurrent(user: EndpointsUser): void {
    clearInterval(this.#timer);
    let told = '';
    const tell = (): void => {
      const endpoints = this.endpoints();
      if (endpoints.join() === told) return;
      told = endpoints.join();
      user.useEndpoints(endpoints);
    };
    tell();
    this.#timer = setInterval(() => {
      // Without an answer what is known goes on to hold.
      this.members().then(tell, () => undefined);
    }, LOOK_EVERY_MS);
    this.#timer.unref();
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
    await deleteData(this.#options.dataDir);
  }

  /** Stops the process; its data stay, and the others miss a member until it is started again. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#members.close();
    await this.#process.stop();
  }
}

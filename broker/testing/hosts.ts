import { randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { command } from '../cluster/discovery/testing/peer-process.js';

/** A machine on the test's network: a network namespace with one interface, `eth0`. */
export interface Host {
  readonly namespace: string;
  readonly address: string;
}

/** A namespace of ours, and whose. */
const OURS = /^fgh-(\d+)-/;
/** Nobody has this address: what is sent to it is lost without a word, as in a broken cable. */
const NOWHERE = '02:4d:00:00:00:ff';

/**
 * Machines on one network: namespaces whose interfaces hang on a bridge in one more namespace, and mostly the test
 * itself as one more machine. Hosts are cut off from each other by telling the sender a hardware address that nobody has:
 * what it sends is lost silently, and each direction can be cut alone. Takes root, and no package but iproute2.
 */
export class Hosts {
  readonly all: readonly Host[];
  readonly #id: string;
  /** The address of the test itself; undefined: it is not on the network. */
  readonly #own: string | undefined;

  private constructor(addresses: readonly string[], own: string | undefined) {
    // The owner's process id, so that a later run finds what a crashed one left behind.
    this.#id = `fgh-${process.pid}-${randomBytes(2).toString('hex')}`;
    this.#own = own;
    this.all = addresses.map((address, n) => ({ namespace: `${this.#id}-${n + 1}`, address }));
  }

  static create(count: number): Promise<Hosts> {
    const network = freeNetwork();
    const addresses = Array.from({ length: count }, (_, n) => `${network}.${n + 1}`);
    return Hosts.#create(new Hosts(addresses, `${network}.254`));
  }

  /** Hosts with these addresses of one /24: the test is not among them, for its machine may have such neighbours. */
  static createAt(...addresses: string[]): Promise<Hosts> {
    return Hosts.#create(new Hosts(addresses, undefined));
  }

  static async #create(hosts: Hosts): Promise<Hosts> {
    if (process.getuid?.() !== 0) throw new Error('network namespaces need root: run as root');
    await removeLeftovers();
    try {
      await hosts.#build();
    } catch (error) {
      await hosts.remove();
      throw error;
    }
    return hosts;
  }

  /** What goes in front of a command to run it on a host; the process keeps its id. */
  on(host: Host): string[] {
    return ['ip', 'netns', 'exec', host.namespace];
  }

  /** From now on nothing that one host sends to the other gets there; the other way is as it was. */
  async cut(from: Host, to: Host): Promise<void> {
    await neighbour(from, to, NOWHERE);
  }

  async uncut(from: Host, to: Host): Promise<void> {
    await neighbour(from, to, this.#hardwareAddress(to));
  }

  /** Cuts both ways. */
  async part(one: Host, other: Host): Promise<void> {
    await Promise.all([this.cut(one, other), this.cut(other, one)]);
  }

  /** Everybody reaches everybody again. */
  async heal(): Promise<void> {
    for (const from of this.all) {
      await Promise.all(this.all.filter((to) => to !== from).map((to) => this.uncut(from, to)));
    }
  }

  /** Ends every process on the hosts, then the hosts. */
  async remove(): Promise<void> {
    for (const namespace of [...this.all.map((host) => host.namespace), this.#bridge]) {
      await removeNamespace(namespace);
    }
  }

  get #bridge(): string {
    return `${this.#id}-b`;
  }

  /** By a host's number, so that all know it without asking: a question could be lost in a cut. */
  #hardwareAddress(host: Host): string {
    const number = this.all.indexOf(host) + 1;
    return `02:4d:00:00:00:${number.toString(16).padStart(2, '0')}`;
  }

  async #build(): Promise<void> {
    const bridge = this.#bridge;
    await ip('netns', 'add', bridge);
    await ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', bridge, 'link', 'set', 'bridge', 'up');
    for (const [index, host] of this.all.entries()) {
      const { namespace, address } = host;
      const port = `port${index + 1}`;
      await ip('netns', 'add', namespace);
      await cable({ namespace, name: 'eth0' }, { namespace: bridge, name: port });
      await ip('-n', namespace, 'link', 'set', 'eth0', 'address', this.#hardwareAddress(host));
      await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      await ip('-n', namespace, 'link', 'set', 'lo', 'up');
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    }
    await this.heal();
    if (this.#own === undefined) return;
    // The test's own interface goes with the namespace of its other end.
    const own = `fg${randomBytes(4).toString('hex')}`;
    await cable({ namespace: bridge, name: 'port0' }, { namespace: undefined, name: own });
    await ip('addr', 'add', `${this.#own}/24`, 'dev', own);
    await ip('link', 'set', own, 'up');
  }
}

interface End {
  namespace: string | undefined;
  name: string;
}

/** A pair of interfaces; a `port…` is plugged into the bridge of its namespace, no namespace is the test's own. */
async function cable(one: End, other: End): Promise<void> {
  const ends = [one, other].map(({ name, namespace }) =>
    namespace === undefined ? [name, 'netns', String(process.pid)] : [name, 'netns', namespace],
  ) as [string[], string[]];
  await ip('link', 'add', ...ends[0], 'type', 'veth', 'peer', ...ends[1]);
  for (const { namespace, name } of [one, other]) {
    if (namespace === undefined || !name.startsWith('port')) continue;
    await ip('-n', namespace, 'link', 'set', name, 'master', 'bridge', 'up');
  }
}

async function neighbour(from: Host, to: Host, hardwareAddress: string): Promise<void> {
  const entry = [to.address, 'lladdr', hardwareAddress, 'dev', 'eth0', 'nud', 'permanent'];
  await ip('-n', from.namespace, 'neigh', 'replace', ...entry);
}

/** Networks of this process: hosts may be made at the same time. */
const given = new Set<string>();

/** `10.77.<n>` for an n that no interface here has. */
function freeNetwork(): string {
  const taken = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  for (;;) {
    const network = `10.77.${randomInt(1, 255)}`;
    if (given.has(network) || taken.some((address) => address.startsWith(`${network}.`))) continue;
    given.add(network);
    return network;
  }
}

/** Of runs that were killed before they could clean up. */
async function removeLeftovers(): Promise<void> {
  for (const line of (await ip('netns', 'list')).split('\n')) {
    const [namespace = ''] = line.split(' ');
    const owner = OURS.exec(namespace)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) await removeNamespace(namespace);
  }
}

async function removeNamespace(namespace: string): Promise<void> {
  const pids = await ip('netns', 'pids', namespace).catch(() => '');
  for (const pid of pids.split('\n').filter((text) => text !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  await ip('netns', 'del', namespace).catch(() => undefined);
}

function ip(...args: string[]): Promise<string> {
  return command('iproute2', 'ip', ...args);
}

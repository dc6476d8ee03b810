import { CallError } from './calls.js';
import type { Hello } from './hello.js';
import { LINK_KEEP_ALIVE_SECONDS } from './link-limits.js';
import { type LinkOwner, type PeerAddress, PeerLink } from './peer-link.js';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;

interface Wanted {
  address: PeerAddress;
  keepAliveSeconds: number;
  link: PeerLink | undefined;
  retryMs: number;
  timer: NodeJS.Timeout | undefined;
  waiting: ((link: PeerLink | CallError) => void)[];
}

/** Told of the links of a node. */
export interface LinksOwner extends Omit<LinkOwner, 'opened' | 'closed'> {
  opened(name: string, link: PeerLink, hello: Hello): void;
  /** There is no link to a node that is wanted; it is tried again. */
  closed(name: string, how: 'refused' | 'rejected' | 'lost', why: string): void;
  /** Any link that is over, also one that is not wanted any more: there may be a newer one to the same node. */
  over(link: PeerLink, why: string): void;
}

/** The links this node keeps to others: one to each, opened again whenever it is lost. */
export class Links {
  readonly #owner: LinksOwner;
  readonly #wanted = new Map<string, Wanted>();

  constructor(owner: LinksOwner) {
    this.#owner = owner;
  }

  /** Keeps a link to the node of this name from now on. */
  want(
    name: string,
    address: PeerAddress,
    keepAliveSeconds: number = LINK_KEEP_ALIVE_SECONDS,
  ): void {
    const known = this.#wanted.get(name);
    if (known !== undefined) {
      const moved = known.address.host !== address.host || known.address.port !== address.port;
      known.address = address;
      known.keepAliveSeconds = keepAliveSeconds;
      if (moved) known.link?.close();
      return;
    }
    const wanted = {
      address,
      keepAliveSeconds,
      link: undefined,
      retryMs: FIRST_RETRY_MS,
      timer: undefined,
      waiting: [],
    };
    this.#wanted.set(name, wanted);
    this.#open(name, wanted);
  }

  unwant(name: string): void {
    const wanted = this.#wanted.get(name);
    if (wanted === undefined) return;
    this.#wanted.delete(name);
    clearTimeout(wanted.timer);
    wanted.link?.close();
    const error = new CallError('NO_LINK', `there is no node '${name}' any more`);
    for (const tell of wanted.waiting) tell(error);
  }

  get(name: string): PeerLink | undefined {
    const link = this.#wanted.get(name)?.link;
    return link?.isOpen ? link : undefined;
  }

  /** The link, when it is open. @throws CallError NO_LINK after `timeoutMs`, with what was wrong last */
  whenOpen(name: string, timeoutMs: number): Promise<PeerLink> {
    const link = this.get(name);
    if (link !== undefined) return Promise.resolve(link);
    const wanted = this.#wanted.get(name);
    if (wanted === undefined) {
      return Promise.reject(new CallError('NO_LINK', `there is no node '${name}'`));
    }
    return new Promise((resolve, reject) => {
      const tell = (outcome: PeerLink | CallError): void => {
        clearTimeout(timer);
        if (outcome instanceof CallError) reject(outcome);
        else resolve(outcome);
      };
      const timer = setTimeout(() => {
        wanted.waiting = wanted.waiting.filter((other) => other !== tell);
        const { host, port } = wanted.address;
        reject(new CallError('NO_LINK', `no answer from '${name}' at ${host}:${port}`));
      }, timeoutMs);
      wanted.waiting.push(tell);
    });
  }

  /** Keep-alives; a few times in each. */
  tick(nowMs: number): void {
    for (const { link } of this.#wanted.values()) link?.tick(nowMs);
  }

  close(): void {
    for (const name of [...this.#wanted.keys()]) this.unwant(name);
  }

  #open(name: string, wanted: Wanted): void {
    wanted.timer = undefined;
    const owner: LinkOwner = {
      ...this.#ownerOf(),
      opened: (link, hello) => {
        wanted.retryMs = FIRST_RETRY_MS;
        this.#owner.opened(name, link, hello);
        const { waiting } = wanted;
        wanted.waiting = [];
        for (const tell of waiting) tell(link);
      },
      closed: (link, how, why) => {
        wanted.link = undefined;
        if (how === 'rejected') {
          const { waiting } = wanted;
          wanted.waiting = [];
          for (const tell of waiting) tell(new CallError('REJECTED', `'${name}': ${why}`));
        }
        this.#owner.over(link, why);
        if (this.#wanted.get(name) !== wanted) return;
        wanted.timer = setTimeout(() => this.#open(name, wanted), wanted.retryMs);
        wanted.retryMs = Math.min(wanted.retryMs * 2, LAST_RETRY_MS);
        this.#owner.closed(name, how, why);
      },
    };
    wanted.link = new PeerLink(wanted.address, owner, wanted.keepAliveSeconds);
  }

  #ownerOf(): Omit<LinkOwner, 'opened' | 'closed'> {
    const owner = this.#owner;
    return {
      node: owner.node,
      cookie: owner.cookie,
      now: () => owner.now(),
      hello: () => owner.hello(),
      logged: (link, body) => owner.logged(link, body),
    };
  }
}

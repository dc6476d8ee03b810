import type { ClientRegistry, SessionRegistry, SessionState } from '../session/mod.js';
import { CallError } from './calls.js';
import { CLIENTS } from './keys.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

/** How long a CONNECT waits for another node to hand over what it has of the client; EMQX's takeover timeout. */
const TAKEOVER_TIMEOUT_MS = 15_000;

/** How long a CONNECT waits for a core to be followed again. */
const CORE_TIMEOUT_MS = 5000;
const ASK_AGAIN_MS = 100;
/** Codes of calls that no core has seen. */
const UNASKED: ReadonlySet<string> = new Set(['NO_CORE', 'NO_LINK']);

/** What claims need of the node. */
export interface ClaimsHost {
  readonly name: string;
  readonly sessions: SessionRegistry;
  /** The node's time, ms. */
  now(): number;
  wallMs(): number;
  write(write: WireWrite): Promise<WireOutcome>;
  /** Takes this claim out of the store, now or as soon as that can be done. */
  release(clientId: string, claim: string): void;
  /** Asks another node; rejects at once if it is not there. */
  call(node: string, method: string, body: unknown, timeoutMs: number): Promise<unknown>;
}

/**
 * Whose client identifiers are. A CONNECT puts the node's claim in the place of whatever claim was there; the
 * store's order of these decides, and each new owner has the one before it end or hand over the session.
 */
export class ClientClaims implements ClientRegistry {
  readonly #host: ClaimsHost;
  /** Claims whose CONNECT is not answered yet: asked to hand over, they are waited for. */
  readonly #pending = new Map<string, Promise<void>>();
  /** Tells the claims of this start of the node from those of an earlier one. */
  readonly #startMs: number;
  /** By node: claims of its clients that are ours now, of which it could not be told. */
  readonly #untold = new Map<string, { clientId: string; claim: string }[]>();
  #count = 0;

  constructor(host: ClaimsHost) {
    this.#host = host;
    this.#startMs = host.wallMs();
  }

  claim(
    clientId: string,
    cleanStart: boolean,
    done: (claim: string | undefined, nowMs: number) => void,
  ): void {
    this.#count++;
    const claim = `${this.#host.name}|${this.#startMs}|${this.#count}`;
    const settled = this.#settle(clientId, claim, cleanStart).then(
      () => done(claim, this.#host.now()),
      () => done(undefined, this.#host.now()),
    );
    this.#pending.set(claim, settled);
    void settled.finally(() => this.#pending.delete(claim));
  }

  release(clientId: string, claim: string): void {
    this.#host.release(clientId, claim);
  }

  /** A node can be told again what it missed: it ends what it has of these clients. */
  linked(node: string): void {
    const untold = this.#untold.get(node) ?? [];
    this.#untold.delete(node);
    for (const body of untold) {
      this.#host.call(node, 'takeover', body, TAKEOVER_TIMEOUT_MS).catch((error: unknown) => {
        this.#untoldOf(node, error, body);
      });
    }
  }

  /** A node is taken to be gone: if it is not, it claims its clients anew, and learns of it so. */
  gone(node: string): void {
    this.#untold.delete(node);
  }

  /** Another node is the owner now, in place of `claim`: ends what there is, or gives it. */
  async handOver(clientId: string, claim: string): Promise<SessionState | null> {
    await this.#pending.get(claim);
    const { sessions } = this.#host;
    // A claim of our own that came after that one: what we have belongs to it.
    const own = sessions.get(clientId)?.claim;
    if (own !== undefined && this.#isAfter(own, claim)) return null;
    return sessions.handOver(clientId, this.#host.now()) ?? null;
  }

  /** Claims the node's clients again, for a cluster that does not know them (any more); whoever was claimed elsewhere meanwhile ends here. */
  async announce(): Promise<void> {
    const { sessions } = this.#host;
    await Promise.all(
      [...sessions.values()].map(async ({ clientId, claim }) => {
        if (claim === undefined) return;
        const key = `${CLIENTS}${clientId}`;
        let there = await this.#host.write(['add', key, claim]);
        // It must not go with the lease that the node had before.
        if (there === claim) there = await this.#host.write(['renew', key, claim]);
        if (there === null) return;
        // The client has just connected here again, and takes the session over itself.
        if (ownerOf(there) === this.#host.name) return;
        if (sessions.get(clientId)?.claim === claim) sessions.handOver(clientId, this.#host.now());
      }),
    );
  }

  async #settle(clientId: string, claim: string, cleanStart: boolean): Promise<void> {
    const before = await this.#put(['put', `${CLIENTS}${clientId}`, claim]);
    if (before === null) return;
    const owner = ownerOf(before);
    if (owner === this.#host.name) {
      // What that one still waits for is to be there before it is taken over.
      await this.#pending.get(before);
      return;
    }
    let state: SessionState | null = null;
    const body = { clientId, claim: before };
    try {
      const given = await this.#host.call(owner, 'takeover', body, TAKEOVER_TIMEOUT_MS);
      state = given as SessionState | null;
    } catch (error) {
      // The owner is gone, and the session with it; or it is cut off, and ends it when there is contact again.
      this.#untoldOf(owner, error, body);
    }
    if (state !== null && !cleanStart) {
      this.#host.sessions.adopt(clientId, state, this.#host.now());
    }
  }

  /** Whether a claim of a session here was made after another one of this node, of this start or an earlier one. */
  #isAfter(own: string, other: string): boolean {
    const [, startMs, count] = other.split('|');
    return Number(startMs) !== this.#startMs || Number(own.split('|')[2]) > Number(count);
  }

  /** A replicant between two cores has not asked yet: it does when it has one. What was asked may have happened. */
  async #put(write: WireWrite): Promise<WireOutcome> {
    const endMs = this.#host.now() + CORE_TIMEOUT_MS;
    for (;;) {
      try {
        return await this.#host.write(write);
      } catch (error) {
        const isUnasked = error instanceof CallError && UNASKED.has(error.code);
        if (!isUnasked || this.#host.now() > endMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    }
  }

  #untoldOf(node: string, error: unknown, body: { clientId: string; claim: string }): void {
    // On a link that is slow it still gets there.
    if (error instanceof CallError && error.code === 'TIMEOUT') return;
    const untold = this.#untold.get(node);
    if (untold === undefined) this.#untold.set(node, [body]);
    else untold.push(body);
  }
}

/** A claim is `<node>|<start of the node, ms since 1970>|<count>`. */
function ownerOf(claim: string): string {
  return claim.slice(0, claim.indexOf('|'));
}

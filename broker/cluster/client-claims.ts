import { StoreError } from '../../store/mod.js';
import type { ClientRegistry, SessionState } from '../session/mod.js';
import { CallError } from './calls.js';
import type { ClaimsHost, Question } from './claims-host.js';
import { CLIENTS } from './keys.js';
import type { WireOutcome } from './wire-write.js';

/** How long a CONNECT waits for another node to hand over what it has of the client; EMQX's takeover timeout. */
const TAKEOVER_TIMEOUT_MS = 15_000;

/** How long a CONNECT waits for a core to be followed again. */
const CORE_TIMEOUT_MS = 5000;
const ASK_AGAIN_MS = 100;
/** Codes of calls that no core has seen. */
const UNASKED: ReadonlySet<string> = new Set(['NO_CORE', 'NO_LINK']);
/** Codes of calls and writes that certainly came to nothing. */
const UNDONE: ReadonlySet<string> = new Set([
  ...UNASKED,
  'NOT_ENTERED',
  'LEASE_GONE',
  'FULL',
  'DENIED',
]);
/** Between two looks at what became of claims that were not answered. */
const LOOK_AGAIN_MS = 1000;
/** How long one is remembered in whose place there is another: whoever replaced it has asked by then. */
const DOUBT_MS = 60_000;

interface Doubt {
  clientId: string;
  /** On the node's clock. */
  sinceMs: number;
}

/**
 * Whose client identifiers are. A CONNECT puts the node's claim in the place of whatever claim was there; the
 * store's order of these decides, and each new owner has the one before it end or hand over the session.
 */
export class ClientClaims implements ClientRegistry {
  readonly #host: ClaimsHost;
  /** Claims whose CONNECT is not answered yet: asked to hand over, they are waited for. */
  readonly #pending = new Map<string, Promise<void>>();
  /** By client: its last CONNECT that is not answered yet. Those of one client are answered in their order. */
  readonly #latest = new Map<string, Promise<void>>();
  /** Tells the claims of this start of the node from those of an earlier one. */
  readonly #startMs: number;
  /** Claims that were not answered, so that their clients were refused, and that may be written all the same. */
  readonly #doubtful = new Map<string, Doubt>();
  /** Clients that another node has asked for, and it could not be found out whose they are. */
  readonly #asked = new Set<string>();
  #cancelLook: (() => void) | undefined;
  #closed = false;
  /** By node: what it could not be told of clients that are ours now. */
  readonly #untold = new Map<string, Question[]>();
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
    const earlier = this.#latest.get(clientId);
    const settled = this.#settle(clientId, claim, cleanStart).then(
      () => true,
      () => false,
    );
    const answered = settled.then(async (isOurs) => {
      await earlier;
      done(isOurs ? claim : undefined, this.#host.now());
      this.#pending.delete(claim);
      if (this.#latest.get(clientId) === answered) this.#latest.delete(clientId);
    });
    this.#pending.set(claim, answered);
    this.#latest.set(clientId, answered);
  }

  release(clientId: string, claim: string): void {
    this.#host.release(clientId, claim);
  }

  /** A node can be told again what it missed: it ends what it has of these clients. */
  linked(node: string): void {
    const untold = this.#untold.get(node) ?? [];
    this.#untold.delete(node);
    for (const question of untold) void this.#ask(node, question).catch(() => undefined);
  }

  /** A node is taken to be gone: if it is not, it claims its clients anew, and learns of it so. */
  gone(node: string): void {
    this.#untold.delete(node);
  }

  /** Another node is the owner now, in place of `claim`: ends what there is, or gives it. */
  async handOver(clientId: string, claim: string, move?: string): Promise<SessionState | null> {
    await this.#pending.get(claim);
    // If it was never answered, what there is may still be where it was before.
    const found = this.#doubtful.delete(claim) ? await this.#search(clientId) : null;
    const { sessions } = this.#host;
    // A claim of our own that came after that one: what we have belongs to it.
    const own = sessions.get(clientId)?.claim;
    if (own !== undefined && this.#isAfter(own, claim)) return found;
    if (found === null && move !== undefined) {
      const begun = this.#host.beginMove(clientId, move);
      if (begun !== undefined) return begun;
    }
    const ended = sessions.handOver(clientId, this.#host.now()) ?? null;
    return found ?? ended;
  }

  /** Another node has the client by now, perhaps in place of this one: looks whose it is, and gives what there is if it is not this node's. */
  async reclaim(clientId: string): Promise<SessionState | null> {
    const { sessions } = this.#host;
    // Who asks may be waited for by one that is connecting here: looked at when that is over.
    void this.#latest.get(clientId)?.then(() => this.reclaim(clientId));
    const claim = sessions.get(clientId)?.claim;
    if (claim === undefined) return null;
    let there: WireOutcome;
    try {
      there = await this.#host.write(['add', `${CLIENTS}${clientId}`, claim]);
    } catch {
      this.#asked.add(clientId);
      this.#lookLater();
      return null;
    }
    if (sessions.get(clientId)?.claim !== claim) return null;
    if (there === null || there === claim) sessions.keep(clientId, claim, this.#host.now());
    if (there === null || ownerOf(there) === this.#host.name) return null;
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

  /** Looks no more. */
  close(): void {
    this.#closed = true;
    this.#cancelLook?.();
  }

  async #settle(clientId: string, claim: string, cleanStart: boolean): Promise<void> {
    const before = await this.#put(clientId, claim);
    if (before === null) return;
    const owner = ownerOf(before);
    let state: SessionState | null = null;
    if (owner === this.#host.name) {
      // What that one still waits for is to be there before it is taken over.
      await this.#pending.get(before);
      if (!this.#doubtful.delete(before)) return;
      state = await this.#search(clientId);
    } else {
      try {
        const body = { clientId, claim: before, ...(cleanStart ? {} : { move: claim }) };
        state = await this.#ask(owner, { method: 'takeover', body });
      } catch {
        // The owner is gone, and the session with it; or it is cut off, and ends it when there is contact again.
      }
    }
    if (state !== null && !cleanStart) {
      this.#host.sessions.adopt(clientId, state, this.#host.now());
      // If the other node is lost meanwhile, what has come here already is all there is.
      if (state.moving) await this.#host.takeMoved(owner, clientId, claim).catch(() => undefined);
    }
  }

  /** What another node has of a client of ours, when nobody knows which one. */
  async #search(clientId: string): Promise<SessionState | null> {
    const question: Question = { method: 'reclaim', body: { clientId } };
    const found = await Promise.all(
      this.#host.others().map((node) => this.#ask(node, question).catch(() => null)),
    );
    return found.find((state) => state !== null) ?? null;
  }

  /** @throws what the call throws; a node that is not there is asked again when it is */
  async #ask(node: string, question: Question): Promise<SessionState | null> {
    const { method, body } = question;
    try {
      const given = await this.#host.call(node, method, body, TAKEOVER_TIMEOUT_MS);
      return given as SessionState | null;
    } catch (error) {
      // On a link that is slow it still gets there.
      if (codeOf(error) !== 'TIMEOUT') {
        const untold = this.#untold.get(node);
        if (untold === undefined) this.#untold.set(node, [question]);
        else untold.push(question);
      }
      throw error;
    }
  }

  // Claims that were not answered

  #doubt(clientId: string, claim: string): void {
    this.#doubtful.set(claim, { clientId, sinceMs: this.#host.now() });
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#closed || this.#cancelLook !== undefined) return;
    this.#cancelLook = this.#host.after(LOOK_AGAIN_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const asked = [...this.#asked];
    this.#asked.clear();
    await Promise.all([
      ...asked.map((clientId) => this.reclaim(clientId)),
      ...[...this.#doubtful].map(async ([claim, doubt]) => {
        const resolved = this.#resolve(claim, doubt).catch(() => undefined);
        this.#pending.set(claim, resolved);
        await resolved;
        this.#pending.delete(claim);
      }),
    ]);
    this.#cancelLook = undefined;
    if (this.#doubtful.size > 0 || this.#asked.size > 0) this.#lookLater();
  }

  /** Once it is known that the claim is written, the session comes here; until it is known to be another's. */
  async #resolve(claim: string, { clientId, sinceMs }: Doubt): Promise<void> {
    const there = await this.#host.write(['add', `${CLIENTS}${clientId}`, claim]);
    const nowMs = this.#host.now();
    const isOurs = there === null || there === claim;
    if (!isOurs && nowMs - sinceMs < DOUBT_MS) return;
    const state = await this.#search(clientId);
    // Whoever replaced it could not ask: all that is left to do was to end the session that was there before.
    if (!this.#doubtful.delete(claim) || !isOurs) return;
    const { sessions } = this.#host;
    if (state !== null) sessions.adopt(clientId, state, nowMs);
    // The client may have a session here from before.
    if (!sessions.keep(clientId, claim, nowMs)) this.release(clientId, claim);
  }

  /** Whether a claim of a session here was made after another one of this node, of this start or an earlier one. */
  #isAfter(own: string, other: string): boolean {
    const [, startMs, count] = other.split('|');
    return Number(startMs) !== this.#startMs || Number(own.split('|')[2]) > Number(count);
  }

  /** A replicant between two cores has not asked yet: it does when it has one. What was asked may have happened. */
  async #put(clientId: string, claim: string): Promise<WireOutcome> {
    const endMs = this.#host.now() + CORE_TIMEOUT_MS;
    for (;;) {
      try {
        return await this.#host.write(['put', `${CLIENTS}${clientId}`, claim]);
      } catch (error) {
        const code = codeOf(error);
        if (!UNDONE.has(code)) this.#doubt(clientId, claim);
        if (!UNASKED.has(code) || this.#host.now() > endMs) throw error;
        await new Promise<void>((resolve) => this.#host.after(ASK_AGAIN_MS, resolve));
      }
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof CallError || error instanceof StoreError ? error.code : '';
}

/** A claim is `<node>|<start of the node, ms since 1970>|<count>`. */
function ownerOf(claim: string): string {
  return claim.slice(0, claim.indexOf('|'));
}

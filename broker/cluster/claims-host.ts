import type { SessionRegistry, SessionState } from '../session/mod.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

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
  /** Begins to collect a session's messages for another node; undefined if there is no need to. */
  beginMove(clientId: string, move: string): SessionState | undefined;
  /** Gets what another node has collected for a session that is here by now. */
  takeMoved(from: string, clientId: string, move: string): Promise<void>;
  /** Other nodes that are up. */
  others(): string[];
  /** Calls after `ms`; returns how to call it off. */
  after(ms: number, then: () => void): () => void;
  /** Asks another node; rejects at once if it is not there. */
  call(node: string, method: string, body: unknown, timeoutMs: number): Promise<unknown>;
}

/** What is asked of another node about a client. */
export type Question =
  /** `move`: it goes on there, and its messages may be collected first. */
  | { method: 'takeover'; body: { clientId: string; claim: string; move?: string } }
  | { method: 'reclaim'; body: { clientId: string } };

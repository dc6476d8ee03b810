import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../store/mod.js';
import { FleetError } from '../fleet/fleet-error.js';
import { AGENTS_PREFIX, type AgentCard, CLAIMS_PREFIX, fromBytes, PROTOCOL } from './messages.js';

export interface RollCall {
  agents: number;
  version: string;
  waitMs: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

const LOOK_MS = 300;

/** What the register says. */
interface Present {
  fit: AgentCard[];
  /** Those that are there and cannot take part, with why. */
  unfit: string[];
}

/**
 * Waits until enough agents are registered, free and of this version; the first by name are taken.
 * @throws FleetError AGENTS_MISSING, with who is there; INTERRUPTED
 */
export async function callRoll(store: Store, call: RollCall): Promise<AgentCard[]> {
  const { agents, waitMs, signal, say } = call;
  let said = '';
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const present = await look(store, call.version);
    if (present.fit.length >= agents) return present.fit.slice(0, agents);
    const text = describe(present, agents);
    if (signal.aborted) throw new FleetError('INTERRUPTED', `stopped while waiting: ${text}`);
    if (waitedMs >= waitMs) {
      throw new FleetError(
        'AGENTS_MISSING',
        `${text} after ${waitMs / 1000} s: start 'fleetgauge agent --store …' on the other machines, ` +
          'wait longer (--agents-wait) or take fewer (--agents)',
      );
    }
    if (text !== said) say(text);
    said = text;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function look(store: Store, version: string): Promise<Present> {
  const [cards, claims] = await Promise.all([store.read(AGENTS_PREFIX), store.read(CLAIMS_PREFIX)]);
  const runOf = new Map(claims.entries.map(({ key, value }) => [key, value.toString()]));
  const fit: AgentCard[] = [];
  const unfit: string[] = [];
  for (const { value } of cards.entries) {
    const card = fromBytes<AgentCard>(value);
    const run = runOf.get(`${CLAIMS_PREFIX}${card.name}`);
    if (card.protocol !== PROTOCOL || card.version !== version) {
      unfit.push(
        `${card.name} runs Fleetgauge ${card.version} (protocol ${card.protocol}), this is ${version} ` +
          `(protocol ${PROTOCOL}): install the same on both`,
      );
    } else if (run !== undefined) unfit.push(`${card.name} is busy with run ${run}`);
    else fit.push(card);
  }
  return { fit, unfit };
}

function describe({ fit, unfit }: Present, agents: number): string {
  const names = fit.length === 0 ? '' : `: ${fit.map(({ name }) => name).join(', ')}`;
  const others = unfit.length === 0 ? '' : ` (${unfit.join('; ')})`;
  return `${fit.length} of ${agents} agents are there${names}${others}`;
}

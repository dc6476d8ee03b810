/** What befalls a cluster in one round; between two rounds all is well again. */
export interface Round {
  readonly faults: readonly Fault[];
  /** How long the faults last. */
  readonly holdMs: number;
  /** What clients do meanwhile. */
  readonly moves: readonly Move[];
  /**
   * Machines whose subscribers may miss what others publish meanwhile: cut off or paused until they are taken to
   * be gone, or while the core begins anew and cannot know of them.
   */
  readonly excepted: readonly string[];
}

export type Fault =
  | { kind: 'kill' | 'stop' | 'pause'; at: string }
  | { kind: 'part' | 'cut'; from: string; to: string };

export type Move =
  | { kind: 'subscribe' | 'unsubscribe'; atMs: number; at: string; filter: string }
  | { kind: 'connect'; atMs: number; at: string; clientId: string };

const FILTERS = ['f/0', 'f/1', 'f/2', 'f/+'];
const CLIENT_IDS = ['wanderer-1', 'wanderer-2'];
/** Up to this a node that is out of reach is not taken to be gone. */
const SHORT_MS = 9000;
/** And after this it is. */
const LONG_MS = 19_000;

/** Rounds one after the other, as the seed has it: the same seed, the same rounds. */
export function* rounds(seed: number, machines: readonly string[]): Generator<Round, never> {
  const random = randomFrom(seed);
  for (;;) yield round(random, machines);
}

function round(random: () => number, machines: readonly string[]): Round {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const replicants = machines.filter((name) => name !== 'c1');
  const isLong = random() < 0.15;
  const holdMs = isLong ? LONG_MS : 500 + Math.floor(random() * (SHORT_MS - 500));
  const faults: Fault[] = [];
  // Each machine ends or pauses once, and one replicant stays.
  const whole = new Set(replicants.slice(1).sort(() => random() - 0.5));
  if (random() < 0.3) faults.push({ kind: one(['kill', 'pause']), at: 'c1' });
  const count = 1 + Math.floor(random() * 3);
  for (let n = 0; n < count; n++) {
    const kind = one(['kill', 'stop', 'pause', 'part', 'part', 'cut', 'cut'] as const);
    if (kind === 'part' || kind === 'cut') {
      const from = one(machines);
      const to = one(machines.filter((name) => name !== from));
      faults.push({ kind, from, to });
      continue;
    }
    const [at] = whole;
    if (at === undefined) continue;
    whole.delete(at);
    faults.push({ kind, at });
  }
  const moves: Move[] = Array.from({ length: 6 }, () => {
    const atMs = Math.floor(random() * holdMs);
    const at = one(machines);
    if (random() < 0.25) return { kind: 'connect', atMs, at, clientId: one(CLIENT_IDS) };
    return { kind: one(['subscribe', 'unsubscribe']), atMs, at, filter: one(FILTERS) };
  });
  moves.sort((a, b) => a.atMs - b.atMs);
  return { faults, holdMs, moves, excepted: exceptedBy(faults, isLong) };
}

function exceptedBy(faults: readonly Fault[], isLong: boolean): string[] {
  const isCoreKilled = faults.some((fault) => fault.kind === 'kill' && fault.at === 'c1');
  if (!isLong && !isCoreKilled) return [];
  const names = faults.flatMap((fault) => {
    if (fault.kind === 'pause') return [fault.at];
    return fault.kind === 'part' || fault.kind === 'cut' ? [fault.from, fault.to] : [];
  });
  return [...new Set(names)];
}

/** [0, 1), Mulberry32 (T. Ettinger, 2017): 32 bits of state suffice for rounds. */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

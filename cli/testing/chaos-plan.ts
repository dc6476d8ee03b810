/** What befalls a cluster in one round; between two rounds all is well again. */
export interface Round {
  readonly faults: readonly Fault[];
  /** How long the faults last. */
  readonly holdMs: number;
  /** What clients do meanwhile. */
  readonly moves: readonly Move[];
}

export type Fault =
  | { kind: 'kill' | 'stop' | 'pause' | 'etcd' | 'leave'; at: string }
  | { kind: 'part' | 'cut'; from: string; to: string };

export type Move =
  | { kind: 'subscribe' | 'unsubscribe'; atMs: number; at: string; filter: string }
  | { kind: 'connect'; atMs: number; at: string; clientId: string };

const FILTERS = ['f/0', 'f/1', 'f/2', 'f/+'];
const CLIENT_IDS = ['wanderer-1', 'wanderer-2'];
/** Up to this a node that is out of reach is not taken to be gone. */
const SHORT_MS = 9000;
/** Nor is a core out of reach of the others: etcd heard of it a third of its lease before at worst. */
const SHORT_FOR_CORES_MS = 5000;
/** And after this it is. */
const LONG_MS = 19_000;

/** Rounds one after the other, as the seed has it: the same seed, the same rounds. */
export function* rounds(
  seed: number,
  cores: readonly string[],
  replicants: readonly string[],
): Generator<Round, never> {
  const random = randomFrom(seed);
  for (;;) yield round(random, cores, replicants);
}

function round(
  random: () => number,
  cores: readonly string[],
  replicants: readonly string[],
): Round {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const machines = [...cores, ...replicants];
  const isLong = random() < 0.15;
  const holdMs = isLong ? LONG_MS : 500 + Math.floor(random() * (SHORT_MS - 500));
  const faults =
    cores.length > 1 && random() < 0.15
      ? // Nothing else: a replicant that reached no other core would go with the one that leaves.
        [{ kind: 'leave', at: one(cores) } as const]
      : [...coreFaults(random, cores), ...otherFaults(random, machines, replicants)];
  const moves: Move[] = Array.from({ length: 6 }, () => {
    const atMs = Math.floor(random() * holdMs);
    const at = one(machines);
    if (random() < 0.25) return { kind: 'connect', atMs, at, clientId: one(CLIENT_IDS) };
    return { kind: one(['subscribe', 'unsubscribe']), atMs, at, filter: one(FILTERS) };
  });
  moves.sort((a, b) => a.atMs - b.atMs);
  return { faults, holdMs, moves };
}

/** What ends or stops cores: one of one, up to two of three. */
function coreFaults(random: () => number, cores: readonly string[]): Fault[] {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  if (cores.length === 1) {
    return random() < 0.3
      ? [{ kind: one(['kill', 'pause'] as const), at: cores[0] as string }]
      : [];
  }
  const left = [...cores];
  const faults: Fault[] = [];
  for (const chance of [0.5, 0.3]) {
    if (random() >= chance) continue;
    const kind = one(['kill', 'kill', 'stop', 'pause', 'etcd'] as const);
    const [at] = left.splice(Math.floor(random() * left.length), 1) as [string];
    faults.push({ kind, at });
  }
  return faults;
}

/** Each replicant ends or pauses once at most, and one stays; anybody may be cut off from anybody. */
function otherFaults(
  random: () => number,
  machines: readonly string[],
  replicants: readonly string[],
): Fault[] {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const whole = new Set(replicants.slice(1).sort(() => random() - 0.5));
  const faults: Fault[] = [];
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
  return faults;
}

/**
 * Machines whose subscribers may miss what others publish while faults last so long: cut off or paused until they are
 * taken to be gone, or while the only core begins anew and cannot know of them.
 */
export function exceptedBy({ faults }: Round, heldMs: number, cores: readonly string[]): string[] {
  const isEmpty =
    cores.length === 1 &&
    faults.some(({ kind, ...whom }) => kind === 'kill' && 'at' in whom && whom.at === cores[0]);
  const names = faults.flatMap((fault) => {
    if (fault.kind === 'pause') return [fault.at];
    return fault.kind === 'part' || fault.kind === 'cut' ? [fault.from, fault.to] : [];
  });
  const isGone = (name: string): boolean =>
    heldMs > (cores.length > 1 && cores.includes(name) ? SHORT_FOR_CORES_MS : SHORT_MS);
  return [...new Set(names)].filter((name) => isEmpty || isGone(name));
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

import { setTimeout as pass } from 'node:timers/promises';
import { exceptedBy, type Fault, type Move, type Round, rounds } from './chaos-plan.js';
import { type ClusterShape, FaultyCluster } from './faulty-cluster.js';
import { Traffic } from './traffic.js';
import { Wanderers } from './wanderers.js';

/** By the number of cores. Healing begins 15 s after the last report if nothing else is said: too long to play with. */
export const CHAOS_SHAPES = {
  one: { cores: 1, replicants: 3 },
  three: { cores: 3, replicants: 2, settings: { 'cluster.autoheal': '2s' } },
} as const satisfies Record<string, ClusterShape>;

const HEALED_MS = 20_000;
const OWNER_MS = 10_000;

export interface ChaosResult {
  rounds: number;
  acknowledged: number;
  /** From the end of the faults until all nodes agreed, the longest. */
  slowestHealMs: number;
  /** What must not be, a line each. */
  wrong: string[];
  /** The story of it. */
  said: string[];
}

/** Rounds of faults under load until the time is over; the first one in which something is wrong is the last. */
export async function chaos(
  shape: ClusterShape,
  seed: number,
  durationMs: number,
  say: (line: string) => void = () => undefined,
): Promise<ChaosResult> {
  const cluster = await FaultyCluster.create(shape);
  const traffic = new Traffic(cluster);
  const wanderers = new Wanderers(cluster, traffic);
  const { cores, machines } = cluster;
  const replicants = machines.slice(cores.length);
  const result: ChaosResult = {
    rounds: 0,
    acknowledged: 0,
    slowestHealMs: 0,
    wrong: [],
    said: cluster.said,
  };
  try {
    await startAll(machines, cluster);
    await traffic.begin(...machines);
    await wanderers.settleOn(machines);
    const untilMs = performance.now() + durationMs;
    for (const round of rounds(seed, cores, replicants)) {
      if (performance.now() + round.holdMs > untilMs) break;
      const line = `round ${++result.rounds}: ${textOf(round, cores)}`;
      cluster.note(line);
      say(line);
      const healedMs = await play(round, cluster, traffic, wanderers);
      result.slowestHealMs = Math.max(result.slowestHealMs, healedMs);
      result.wrong = [...traffic.wrongSoFar, ...(await wanderers.wrong(OWNER_MS))];
      if (result.wrong.length > 0) break;
    }
    result.wrong.push(...(await traffic.end()));
  } catch (error) {
    result.wrong.push(error instanceof Error ? error.message : String(error));
  } finally {
    result.acknowledged = traffic.acknowledged;
    await wanderers.close();
    await traffic.close();
    await cluster.close();
  }
  return result;
}

/** Returns how long healing took. */
async function play(
  round: Round,
  cluster: FaultyCluster,
  traffic: Traffic,
  wanderers: Wanderers,
): Promise<number> {
  const { faults, moves, holdMs } = round;
  const backs = faults.flatMap(({ kind, ...whom }) =>
    kind === 'leave' && 'at' in whom ? [traffic.apart(whom.at)] : [],
  );
  const startMs = performance.now();
  for (const fault of faults) await inflict(fault, cluster, traffic, wanderers);
  for (const move of moves) {
    await pass(Math.max(0, move.atMs - (performance.now() - startMs)));
    act(move, cluster, wanderers);
  }
  await pass(Math.max(0, holdMs - (performance.now() - startMs)));
  await cluster.heal();
  const gone: string[] = [];
  for (const fault of faults) {
    if (fault.kind === 'pause') cluster.resume(fault.at);
    if (fault.kind === 'kill' || fault.kind === 'stop') gone.push(fault.at);
    if (fault.kind === 'leave') await rejoin(fault.at, cluster);
  }
  const heldMs = Math.max(holdMs, performance.now() - startMs);
  await startAll(gone, cluster);
  const healedMs = await cluster.settled(() => traffic.routes, HEALED_MS);
  for (const back of backs) back();
  // By the time that it took: a machine that has too much to do ends no fault in time.
  for (const name of exceptedBy(round, heldMs, cluster.cores)) traffic.except(name, startMs)();
  if (gone.length > 0) {
    await traffic.begin(...gone);
    await wanderers.settleOn(gone);
  }
  return healedMs;
}

/** Cores first, all of them at once: the others find nobody before, and each needs the others' etcd. */
async function startAll(names: readonly string[], cluster: FaultyCluster): Promise<void> {
  const isCore = (name: string): boolean => cluster.cores.includes(name);
  for (const kind of [true, false]) {
    await Promise.all(
      names.filter((name) => isCore(name) === kind).map((name) => cluster.start(name)),
    );
  }
}

async function rejoin(name: string, cluster: FaultyCluster): Promise<void> {
  const [other] = cluster.cores.filter((each) => each !== name) as [string];
  cluster.note(`${name} joins ${other}`);
  await cluster.ctl(name, 'cluster', 'join', cluster.nodeName(other));
}

async function inflict(
  fault: Fault,
  cluster: FaultyCluster,
  traffic: Traffic,
  wanderers: Wanderers,
): Promise<void> {
  switch (fault.kind) {
    case 'kill':
    case 'stop':
      traffic.doom(fault.at);
      wanderers.doom(fault.at);
      await cluster[fault.kind](fault.at);
      return;
    case 'pause':
      cluster.pause(fault.at);
      return;
    case 'etcd':
      cluster.killEtcd(fault.at);
      return;
    case 'leave':
      await cluster.ctl(fault.at, 'cluster', 'leave');
      return;
    default:
      await cluster[fault.kind](fault.from, fault.to);
  }
}

function act(move: Move, cluster: FaultyCluster, wanderers: Wanderers): void {
  if (!cluster.running.includes(move.at)) return;
  if (move.kind === 'connect') wanderers.connect(move.at, move.clientId);
  else wanderers.change(move.kind, move.at, move.filter);
}

function textOf(round: Round, cores: readonly string[]): string {
  const { faults, holdMs } = round;
  const texts = faults.map((fault) =>
    'at' in fault ? `${fault.kind} ${fault.at}` : `${fault.kind} ${fault.from} ${fault.to}`,
  );
  const excepted = exceptedBy(round, holdMs, cores);
  const less = excepted.length === 0 ? '' : `, ${excepted} may miss messages`;
  return `${texts.join(', ')} for ${holdMs} ms${less}`;
}

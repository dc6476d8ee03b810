import { setTimeout as pass } from 'node:timers/promises';
import { type Fault, type Move, type Round, rounds } from './chaos-plan.js';
import { FaultyCluster } from './faulty-cluster.js';
import { Traffic } from './traffic.js';
import { Wanderers } from './wanderers.js';

const REPLICANTS = 3;
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
  seed: number,
  durationMs: number,
  say: (line: string) => void = () => undefined,
): Promise<ChaosResult> {
  const cluster = await FaultyCluster.create({ cores: 1, replicants: REPLICANTS });
  const traffic = new Traffic(cluster);
  const wanderers = new Wanderers(cluster, traffic);
  const machines = ['c1', ...Array.from({ length: REPLICANTS }, (_, n) => `r${n + 1}`)];
  const result: ChaosResult = {
    rounds: 0,
    acknowledged: 0,
    slowestHealMs: 0,
    wrong: [],
    said: cluster.said,
  };
  try {
    for (const name of machines) await cluster.start(name);
    await traffic.begin(...machines);
    await wanderers.settleOn(machines);
    const untilMs = performance.now() + durationMs;
    for (const round of rounds(seed, machines)) {
      if (performance.now() + round.holdMs > untilMs) break;
      const line = `round ${++result.rounds}: ${textOf(round)}`;
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
  { faults, moves, holdMs, excepted }: Round,
  cluster: FaultyCluster,
  traffic: Traffic,
  wanderers: Wanderers,
): Promise<number> {
  const backs = excepted.map((name) => traffic.except(name));
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
  }
  // The core first: the others find nobody before.
  for (const name of gone.sort()) await cluster.start(name);
  const healedMs = await cluster.settled(() => traffic.routes, HEALED_MS);
  for (const back of backs) back();
  if (gone.length > 0) {
    await traffic.begin(...gone);
    await wanderers.settleOn(gone);
  }
  return healedMs;
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
    default:
      await cluster[fault.kind](fault.from, fault.to);
  }
}

function act(move: Move, cluster: FaultyCluster, wanderers: Wanderers): void {
  if (!cluster.running.includes(move.at)) return;
  if (move.kind === 'connect') wanderers.connect(move.at, move.clientId);
  else wanderers.change(move.kind, move.at, move.filter);
}

function textOf({ faults, holdMs, excepted }: Round): string {
  const texts = faults.map((fault) =>
    'at' in fault ? `${fault.kind} ${fault.at}` : `${fault.kind} ${fault.from} ${fault.to}`,
  );
  const less = excepted.length === 0 ? '' : `, ${excepted} may miss messages`;
  return `${texts.join(', ')} for ${holdMs} ms${less}`;
}

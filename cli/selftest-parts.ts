import {
  type CheckedClaim,
  type Claim,
  capacityClaims,
  capacityExperiment,
  checked,
  disturbanceOf,
  type Experiment,
  findCapacity,
  freezeClaims,
  freezeExperiment,
  type KnownTarget,
  pathClaim,
  pathExperiment,
  publishesAtLoadOne,
  type Scenario,
  serviceClaims,
  serviceExperiment,
  startKnownTarget,
  starvedClaims,
  starvedExperiment,
  stepScenario,
  theoryClaims,
} from '../bench/mod.js';
import { type RunRecord, readRun, shareAbove, summaryLines } from '../results/mod.js';

/** What a part needs from whoever has it played. */
export interface Stage {
  /** One run, to its end. @throws what ends the self-test */
  readonly run: (request: StageRun) => Promise<{ record: RunRecord; folder: string }>;
  readonly say: (text: string) => void;
}

export interface StageRun {
  /** Of the record's folder. */
  readonly name: string;
  readonly scenario: Scenario;
  readonly on: KnownTarget;
  readonly threads?: number;
}

export interface Part {
  readonly title: string;
  readonly play: (stage: Stage) => Promise<CheckedClaim[]>;
}

/** The parts of the self-test, by the name that the command line takes. */
export const PARTS: Readonly<Record<string, Part>> = {
  service: {
    title: 'service times of a server that is busy half of the time, 35 s',
    play: service,
  },
  freeze: { title: 'a server that stands still for half a second, twice, 15 s', play: freeze },
  starved: { title: 'a generator that is asked for more than it can send, 10 s', play: starved },
  capacity: { title: 'a capacity that is known, 80 s', play: capacity },
};

async function service(stage: Stage): Promise<CheckedClaim[]> {
  const still = pathExperiment();
  const [path, first] = await on(still, async (target) => {
    const { scenario } = still;
    const { record } = await stage.run({ name: 'path', scenario, on: target });
    return [record, judged(record, await target.truth(), [pathClaim(record)])] as const;
  });
  const served = serviceExperiment();
  return on(served, async (target) => {
    const { scenario } = served;
    const { record } = await stage.run({ name: 'service', scenario, on: target });
    const truth = await target.truth();
    const claims = [...serviceClaims(record, truth, path), ...theoryClaims(record, path)];
    return [...first, ...judged(record, truth, claims)];
  });
}

function freeze(stage: Stage): Promise<CheckedClaim[]> {
  const experiment = freezeExperiment();
  return on(experiment, async (target) => {
    const { scenario } = experiment;
    const { record, folder } = await stage.run({ name: 'freeze', scenario, on: target });
    const histogram = await (await readRun(folder)).histogram('publish.response');
    const claims = freezeClaims(record, (us) => shareAbove(histogram, us));
    return judged(record, await target.truth(), claims);
  });
}

function starved(stage: Stage): Promise<CheckedClaim[]> {
  const experiment = starvedExperiment();
  return on(experiment, async (target) => {
    const { scenario } = experiment;
    const { record } = await stage.run({ name: 'starved', scenario, on: target, threads: 1 });
    // That it stands still is what is asked of it.
    return starvedClaims(record, summaryLines(record)).map((claim) => checked(claim, null));
  });
}

const STEP = { settleUs: 1_000_000, measureUs: 4_000_000, drainUs: 1_000_000 };
/** From well below the known capacity, 2 here; what lies between is the search's to find. */
const SEARCH = {
  from: 1.6,
  to: Number.POSITIVE_INFINITY,
  tolerance: 0.05,
  repeats: 3,
  maximumSteps: 16,
};

function capacity(stage: Stage): Promise<CheckedClaim[]> {
  const experiment = capacityExperiment();
  return on(experiment, async (target) => {
    const disturbances: string[] = [];
    const { answer } = await findCapacity({
      search: SEARCH,
      measure: async (load, number) => {
        const name = `capacity-${String(number).padStart(2, '0')}`;
        const scenario = stepScenario(experiment.scenario, load, STEP);
        const { record, folder } = await stage.run({ name, scenario, on: target });
        const disturbance = disturbanceOf(record, await target.truth());
        if (disturbance !== null) disturbances.push(disturbance);
        return { run: name, record, rows: await (await readRun(folder)).intervals() };
      },
      onStep: ({ load, outcome, reason }) =>
        stage.say(`  load ${load.toPrecision(3)} ${outcome}${reason === '' ? '' : `: ${reason}`}`),
    });
    const claims = capacityClaims(answer, publishesAtLoadOne(experiment.scenario));
    return claims.map((claim) => checked(claim, disturbances[0] ?? null));
  });
}

function judged(
  record: RunRecord,
  truth: Parameters<typeof disturbanceOf>[1],
  claims: readonly Claim[],
): CheckedClaim[] {
  const disturbance = disturbanceOf(record, truth);
  return claims.map((claim) => checked(claim, disturbance));
}

async function on<T>({ law }: Experiment, play: (target: KnownTarget) => Promise<T>): Promise<T> {
  const target = await startKnownTarget(law);
  try {
    return await play(target);
  } finally {
    await target.stop();
  }
}

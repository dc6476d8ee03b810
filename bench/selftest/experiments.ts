import { parseScenario, type Scenario } from '../scenario/mod.js';
import type { ServerLaw } from './fifo-server.js';
import type { FrozenLine, MM1 } from './queueing.js';

/** A target of known law, and what is sent to it. */
export interface Experiment {
  readonly law: ServerLaw;
  readonly scenario: Scenario;
}

const SEED = 1;

/** Busy half of the time: queues come and go a thousand times within the run. */
export const QUEUE: MM1 = { arrivalsPerSec: 250, meanServiceUs: 2000 };

/** The same messages without a service time: what is left is the error of clocks, loops and kernel. */
export function pathExperiment(): Experiment {
  return {
    law: { service: { kind: 'constant', meanUs: 0 }, seed: SEED },
    scenario: poisson('selftest-path', 6),
  };
}

export function serviceExperiment(): Experiment {
  return {
    law: { service: { kind: 'exponential', meanUs: QUEUE.meanServiceUs }, seed: SEED },
    scenario: poisson('selftest-service', 20),
  };
}

/** One device, one message in flight: what is due in a freeze has to wait to be sent. */
export const FREEZE: Omit<FrozenLine, 'tripUs'> = {
  gapUs: 2500,
  everyUs: 5_000_000,
  lengthUs: 500_000,
};
/** Two freezes, in the middle of either half. */
const FREEZE_SECONDS = 10;

export function freezeExperiment(): Experiment {
  const { everyUs, lengthUs, gapUs } = FREEZE;
  return {
    law: {
      service: { kind: 'constant', meanUs: 0 },
      freezes: { firstUs: everyUs / 2, everyUs, lengthUs },
      seed: SEED,
    },
    scenario: senders({
      name: 'selftest-freeze',
      count: 1,
      inflight: 1,
      qos: 1,
      arrivals: `{ kind: constant, ratePerSec: ${1e6 / gapUs} }`,
      seconds: FREEZE_SECONDS,
    }),
  };
}

/** More than one thread of any machine can send, to a target that only has to read it. */
export function starvedExperiment(): Experiment {
  return {
    law: { service: { kind: 'constant', meanUs: 0 }, seed: SEED },
    scenario: senders({
      name: 'selftest-starved',
      count: 50,
      inflight: 0,
      qos: 0,
      arrivals: '{ kind: constant, ratePerSec: 20m }',
      seconds: 5,
    }),
  };
}

/** One message takes the server that long, so its capacity is 1 / that. */
export const CAPACITY_SERVICE_US = 500;
export const KNOWN_CAPACITY_PER_SEC = 1e6 / CAPACITY_SERVICE_US;

export function capacityExperiment(): Experiment {
  return {
    law: { service: { kind: 'constant', meanUs: CAPACITY_SERVICE_US }, seed: SEED },
    scenario: senders({
      name: 'selftest-capacity',
      count: 20,
      inflight: 20,
      qos: 1,
      arrivals: '{ kind: constant, ratePerSec: 1000 }',
      seconds: 10,
    }),
  };
}

function poisson(name: string, seconds: number): Scenario {
  const arrivals = `{ kind: poisson, ratePerSec: ${QUEUE.arrivalsPerSec} }`;
  return senders({ name, count: 20, inflight: 0, qos: 1, arrivals, seconds });
}

interface Senders {
  name: string;
  count: number;
  inflight: number;
  qos: 0 | 1;
  arrivals: string;
  seconds: number;
}

/** Measured from the first message on, so that target and run speak of the same messages. */
function senders({ name, count, inflight, qos, arrivals, seconds }: Senders): Scenario {
  const text = `
name: ${name}
connect: { ratePerSec: 200 }
groups:
  - name: senders
    count: ${count}
    inflight: ${inflight}
    publish:
      - { topic: selftest/%i, qos: ${qos}, payload: { bytes: 16 }, arrivals: ${arrivals} }
phases:
  - { name: ramp, kind: ramp }
  - { name: measure, kind: steady, duration: ${seconds}s }
  - { name: drain, kind: drain, duration: 3s }
`;
  return parseScenario(text, name);
}

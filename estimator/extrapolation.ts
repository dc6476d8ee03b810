import { formatCount } from '../results/mod.js';
import type { CpuModel } from './cost-model.js';
import type { Demand } from './demand.js';
import { decimals, magnitude } from './figures.js';
import { FEATURE_NAMES, FEATURES, type Load } from './load.js';
import { messageMqttBytes } from './network.js';
import { demandLoad, type Sizing } from './sizing.js';

/** Beyond this multiple of the largest measured value a line is believed, not known. */
const LIMIT = 2;

/** One input that the estimate stretches beyond what was measured. */
export interface Extrapolation {
  input: string;
  demanded: number;
  measured: number;
  /** demanded / measured. */
  times: number;
  /** The same for one broker process, which is what the costs were measured on. */
  timesPerProcess: number;
  text: string;
}

/** Every input beyond twice the largest measured value, the furthest first. `word`: what a process is called. */
export function extrapolations(
  demand: Demand,
  cpu: CpuModel,
  sizing: Sizing,
  word = 'broker process',
): Extrapolation[] {
  const load = demandLoad(demand);
  const processes = sizing.carrying * sizing.processesPerNode;
  const found = FEATURES.filter((feature) => feature !== 'bytes').flatMap((feature) =>
    stretch(feature, load, cpu.measured.largest, processes, word),
  );
  const busiest = sizing.afterFailure.cpu * demand.threadsPerProcess;
  const times = busiest / cpu.measured.cpuPerProcess;
  if (times > LIMIT) {
    found.push({
      input: 'cpuPerProcess',
      demanded: busiest,
      measured: cpu.measured.cpuPerProcess,
      times,
      timesPerProcess: times,
      text: `${decimals(busiest, 2)} cores in use by one ${word} is ${magnitude(times)}× the ${decimals(cpu.measured.cpuPerProcess, 2)} measured: an extrapolation`,
    });
  }
  return [...found, ...payloadStretch(demand, cpu)].sort((a, b) => b.times - a.times);
}

function stretch(
  feature: keyof Load,
  load: Load,
  largest: Load,
  processes: number,
  word: string,
): Extrapolation[] {
  const demanded = load[feature];
  const measured = largest[feature];
  const times = demanded / measured;
  if (!(times > LIMIT)) return [];
  const name = FEATURE_NAMES[feature].many;
  const unit = feature === 'connections' ? '' : '/s';
  const each = demanded / processes;
  const share =
    processes > 1
      ? ` (${formatCount(each)}${unit} in each ${word}, ${magnitude(each / measured)}×)`
      : '';
  return [
    {
      input: feature,
      demanded,
      measured,
      times,
      timesPerProcess: each / measured,
      text: `${formatCount(demanded)}${unit} ${name} is ${magnitude(times)}× the ${formatCount(measured)}${unit} measured: an extrapolation${share}`,
    },
  ];
}

/** Without a cost per byte, messages of another size cost what those measured did. */
function payloadStretch(demand: Demand, cpu: CpuModel): Extrapolation[] {
  const measured = cpu.measured.bytesPerMessage;
  const fitted = cpu.costs.some((cost) => cost.group.features.includes('bytes'));
  const messages = [0, 1, 2].filter(
    (qos) => demand.publishesPerSec[qos]! + demand.deliveriesPerSec[qos]! > 0,
  ) as (0 | 1 | 2)[];
  const largest = Math.max(
    0,
    ...messages.map((qos) => messageMqttBytes(qos, demand.topicBytes, demand.payloadBytes)),
  );
  const times = largest / measured;
  if (measured === 0 || !(times > LIMIT)) return [];
  const because = fitted ? '' : '; no run varied the size, so CPU per byte is not in the estimate';
  return [
    {
      input: 'bytesPerMessage',
      demanded: largest,
      measured,
      times,
      timesPerProcess: times,
      text: `${formatCount(largest)} bytes of MQTT for a message is ${magnitude(times)}× the ${formatCount(measured)} measured: an extrapolation${because}`,
    },
  ];
}

/**
 * A cluster of processes in network namespaces under random faults: `node dist/perf/cluster-chaos.js [--seed N]
 * [--seconds 600]`, as root. The same seed befalls the cluster with the same rounds; what the processes make of
 * their time is theirs. Exit code 1 if something was wrong, with the story of it.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chaos } from '../cli/testing/chaos.js';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, seconds: { type: 'string', default: '600' } },
});
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const seconds = Number(values.seconds);
if (!Number.isSafeInteger(seed) || !(seconds > 0)) {
  throw new RangeError('--seed is a whole number, --seconds a positive one');
}
console.log(`seed ${seed}`);
const { rounds, acknowledged, slowestHealMs, wrong, said } = await chaos(
  seed,
  seconds * 1000,
  (line) => console.log(line),
);
const healed = `${(slowestHealMs / 1000).toFixed(1)} s`;
console.log(`${rounds} rounds, ${acknowledged} messages acknowledged, slowest healing ${healed}`);
if (wrong.length > 0) {
  console.log([...said, '', `seed ${seed}:`, ...wrong].join('\n'));
  process.exitCode = 1;
}

/**
 * A cluster of processes in network namespaces under random faults: `node dist/perf/cluster-chaos.js [--cores 3|1]
 * [--seed N] [--seconds 600]`, as root. The same seed befalls the cluster with the same rounds; what the processes
 * make of their time is theirs. Or single scenes of three cores, long ones too: `--scene <part of the name>`,
 * with `--story` what the nodes said.
 * Exit code 1 if something was wrong, with the story of it.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { CHAOS_SHAPES, chaos } from '../cli/testing/chaos.js';
import { CORE_SCENES, playScene } from '../cli/testing/core-scenes.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '600' },
    cores: { type: 'string', default: '3' },
    scene: { type: 'string' },
    story: { type: 'boolean', default: false },
  },
});

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function playScenes(part: string): Promise<void> {
  const scenes = CORE_SCENES.filter(({ name }) => name.includes(part));
  if (scenes.length === 0) throw new RangeError(`no scene has '${part}' in its name`);
  for (const scene of scenes) {
    const startMs = performance.now();
    try {
      const { healedMs, acknowledged, said } = await playScene(scene);
      if (values.story) console.log(said.join('\n'));
      const tookMs = performance.now() - startMs;
      console.log(
        `${scene.name}: slowest healing ${seconds(healedMs)}, ${acknowledged} messages acknowledged, ${seconds(tookMs)} in all`,
      );
    } catch (error) {
      console.log(`${scene.name}: WRONG\n${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
    }
  }
}

async function playChaos(): Promise<void> {
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const limit = Number(values.seconds);
  if (!Number.isSafeInteger(seed) || !(limit > 0)) {
    throw new RangeError('--seed is a whole number, --seconds a positive one');
  }
  const shape = { 1: CHAOS_SHAPES.one, 3: CHAOS_SHAPES.three }[values.cores];
  if (shape === undefined) throw new RangeError('--cores is 1 or 3');
  console.log(`seed ${seed}`);
  const { rounds, acknowledged, slowestHealMs, wrong, said } = await chaos(
    shape,
    seed,
    limit * 1000,
    (line) => console.log(line),
  );
  console.log(
    `${rounds} rounds, ${acknowledged} messages acknowledged, slowest healing ${seconds(slowestHealMs)}`,
  );
  if (wrong.length > 0) {
    console.log([...said, '', `seed ${seed}:`, ...wrong].join('\n'));
    process.exitCode = 1;
  }
}

if (values.scene !== undefined) await playScenes(values.scene);
else await playChaos();

import { describe, it } from 'node:test';
import { CORE_SCENES, playScene } from './testing/core-scenes.js';

describe('three cores with an etcd member each, and replicants, under load', {
  concurrency: 4,
}, () => {
  for (const scene of CORE_SCENES.filter(({ isLong }) => isLong !== true)) {
    it(scene.name, async () => {
      await playScene(scene);
    });
  }
});

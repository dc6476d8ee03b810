import { existsSync, readFileSync } from 'node:fs';
import type { ToolFacts } from '../results/mod.js';

/** package.json lies beside the sources and one level above the compiled files. */
const PLACES = ['../package.json', '../../package.json'];

/** Name and version of this tool, from its package.json. */
export function toolFacts(): ToolFacts {
  for (const place of PLACES) {
    const file = new URL(place, import.meta.url);
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as ToolFacts;
    return { name, version };
  }
  throw new Error('package.json is missing: this installation of Fleetgauge is not complete');
}

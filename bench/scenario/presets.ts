import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A scenario that comes with Fleetgauge. */
export interface Preset {
  readonly name: string;
  /** The first comment of its file, in one line. */
  readonly summary: string;
}

/** Sources lie one level above the compiled file, in the repository as in the package. */
const PLACES = ['../../../bench/scenario/presets/', './presets/'];

/** Published ids begin with this; it may be left out. */
const SUITE_PREFIX = 'singlenode-';

/** All presets, by name. */
export function presets(): Preset[] {
  const directory = presetDirectory();
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
    .map((name) => ({
      name,
      summary: firstComment(readFileSync(`${directory}${name}.yaml`, 'utf8')),
    }));
}

/** The file of a preset, whatever the case of its name and with or without `singlenode-`. */
export function presetFile(name: string): string | undefined {
  const wanted = name.toLowerCase();
  const found = presets().find(
    (preset) => preset.name === wanted || preset.name === SUITE_PREFIX + wanted,
  );
  return found === undefined ? undefined : `${presetDirectory()}${found.name}.yaml`;
}

function presetDirectory(): string {
  for (const place of PLACES) {
    const directory = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(directory)) return directory;
  }
  throw new Error('the presets are missing: this installation of Fleetgauge is not complete');
}

function firstComment(text: string): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('#')) break;
    lines.push(line.slice(1).trim());
  }
  const sentence = lines.join(' ').split(/(?<=\.) /)[0] ?? '';
  return sentence.replace(/\.$/, '');
}

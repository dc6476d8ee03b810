import type { Scenario } from './schema.js';
import { ScenarioSource } from './source.js';

/** YAML or JSON text → a scenario. Throws ScenarioError. */
export function parseScenario(text: string, fileName: string): Scenario {
  return new ScenarioSource(text, fileName).read();
}

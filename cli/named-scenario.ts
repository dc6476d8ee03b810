import { isIP } from 'node:net';
import { loadScenario, parseTarget, type Scenario, scale } from '../bench/mod.js';
import { UsageError } from './usage-error.js';

/** The flags that say what a scenario is, of every verb that takes one. */
export interface NamedScenario {
  target?: string | undefined;
  profile?: string | undefined;
  ifaddr?: string | undefined;
  scale: number;
  set: readonly string[];
}

/** The scenario of this name or file, as the flags change it; its targets are whole URLs. */
export async function namedScenario(name: string, flags: NamedScenario): Promise<Scenario> {
  const target = flags.target?.split(',');
  // What is wrong with the flag is not the file's.
  target?.forEach(parseTarget);
  const loaded = await loadScenario(name, {
    set: flags.set,
    ...(target === undefined ? {} : { target }),
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
  });
  const scaled = scale(loaded, flags.scale);
  return flags.ifaddr === undefined ? scaled : from(scaled, flags.ifaddr);
}

/** The scenario from these source addresses. */
function from(scenario: Scenario, ifaddr: string): Scenario {
  const sourceAddresses = ifaddr.split(',').map((address) => address.trim());
  const wrong = sourceAddresses.find((address) => isIP(address) === 0);
  if (wrong === undefined) return { ...scenario, sourceAddresses };
  throw new UsageError(
    `--ifaddr ${ifaddr}: expected addresses of this machine with commas between, not '${wrong}'`,
  );
}

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { openFileLimit } from '../probe/mod.js';
import type { MachineLimits } from './layout.js';
import type { PortRange } from './messages.js';

/** This machine's limits as they are now. */
export function machineLimits(): MachineLimits {
  return {
    openFiles: openFileLimit() ?? Number.MAX_SAFE_INTEGER,
    cores: availableParallelism(),
    ephemeralPorts: ephemeralPorts(),
  };
}

function ephemeralPorts(): PortRange {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const [low, high] = range.trim().split(/\s+/);
    return { first: Number(low), count: Number(high) - Number(low) + 1 };
  } catch {
    // IANA's dynamic range, 49152–65535, which systems other than Linux use.
    return { first: 49_152, count: 16_384 };
  }
}

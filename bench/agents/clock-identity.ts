import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Which monotonic clock this process reads: processes of one kernel since its start share one, unless a time namespace
 * (time_namespaces(7)) gives theirs another beginning. '' where that cannot be told.
 */
export function clockIdentity(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/time')}`;
  } catch {
    return '';
  }
}

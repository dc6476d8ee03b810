import { formatCount, formatShare } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';

/**
 * Whether as many devices connected as the scenario has, and every subscription was granted. A run that did
 * not get there measured another scenario; its figures are true of that one.
 */
export function scenarioReached(record: RunRecord): boolean {
  const { connects, subscribes } = record.totals;
  return connects.connectedMax >= connectionsOf(record) && subscribes.failed === 0;
}

/** As many as devices, unless gateways carry several. */
export function connectionsOf({ devices, connections = devices }: RunRecord): number {
  return connections;
}

export function judgeReached(record: RunRecord): VerdictReason[] {
  const { connects, subscribes } = record.totals;
  const found: VerdictReason[] = [];
  const wanted = connectionsOf(record);
  if (connects.connectedMax < wanted) {
    const share = formatShare(connects.connectedMax / wanted);
    const what = wanted === record.devices ? 'devices' : 'gateways';
    found.push(
      ...reason(
        'suspect',
        'NOT_REACHED',
        `the scenario was not reached: ${formatCount(connects.connectedMax)} of ` +
          `${formatCount(wanted)} ${what} were connected at most (${share}); the figures are of those`,
      ),
    );
  }
  if (subscribes.failed > 0) {
    found.push(
      ...reason(
        'suspect',
        'SUBSCRIPTIONS_REFUSED',
        `the scenario was not reached: ${formatCount(subscribes.failed)} subscriptions were refused or timed out`,
      ),
    );
  }
  return found;
}

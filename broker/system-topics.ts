import { Message, type Router } from './routing/mod.js';
import type { BrokerStats } from './stats.js';

/** What the node says about itself that does not change. */
export interface NodeIdentity {
  nodeName: string;
  version: string;
  startedAtMs: number;
}

/**
 * Publishes the node's `$SYS` topics, EMQX's names: `$SYS/brokers`, `$SYS/brokers/<node>/version`, `uptime`,
 * `datetime`, `sysdescr`, `stats/…` and `metrics/…`. What rarely changes is retained, the rest is not.
 */
export function publishSystemTopics(
  router: Router,
  { nodeName, version, startedAtMs }: NodeIdentity,
  stats: BrokerStats,
  nowMs: number,
  wallClock: Date,
): void {
  const say = (topic: string, value: string | number, retain = false): void => {
    router.publish(Message.of(topic, Buffer.from(String(value)), 0, retain, nowMs), undefined);
  };
  const own = `$SYS/brokers/${nodeName}`;
  say('$SYS/brokers', nodeName, true);
  say(`${own}/version`, version, true);
  say(`${own}/sysdescr`, 'Fleetgauge', true);
  say(`${own}/uptime`, uptimeText(nowMs - startedAtMs));
  say(`${own}/datetime`, wallClock.toISOString());
  for (const [name, value] of Object.entries(stats.gauges)) {
    say(`${own}/stats/${name}`, value);
  }
  for (const [name, value] of Object.entries(stats.counters)) {
    say(`${own}/metrics/${name.replaceAll('.', '/')}`, value);
  }
}

/** As `emqx ctl broker` prints it: `1 days, 2 hours, 3 minutes, 4 seconds`, from the largest part that is not 0. */
export function uptimeText(uptimeMs: number): string {
  const seconds = Math.floor(uptimeMs / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'days'],
    [Math.floor(seconds / 3600) % 24, 'hours'],
    [Math.floor(seconds / 60) % 60, 'minutes'],
    [seconds % 60, 'seconds'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first < 0 ? parts.length - 1 : first)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(', ');
}

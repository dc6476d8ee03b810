import type { Reading, Sample } from './reading.js';

/** Messages of one update of the tree come together; one that comes this long after the last is of the next. */
const QUIET_US = 100_000;
const LONGEST_US = 500_000;
/** A tree beyond this is not one of statistics. */
const MOST_TOPICS = 500;

/** mosquitto sends this with every update, and beside it only what has changed. */
const MOSQUITTO_UPTIME = '$SYS/broker/uptime';

/**
 * The statistics that a broker publishes below `$SYS`, update by update. What was retained when the
 * subscription began has no known age: it is known, and news only once an update confirms it.
 */
export class SysTree {
  readonly #known = new Map<string, number>();
  #fresh = new Set<string>();
  #beganUs: number | undefined;
  #lastUs = 0;

  take(topic: string, payload: string, retained: boolean, nowUs: number): void {
    const value = parseFigure(payload);
    if (value === undefined) return;
    if (!this.#known.has(topic) && this.#known.size >= MOST_TOPICS) return;
    this.#known.set(topic, value);
    if (retained) return;
    this.#fresh.add(topic);
    this.#beganUs ??= nowUs;
    this.#lastUs = nowUs;
  }

  /** How long until the update that is under way is over; 0 if there is none. */
  leftUs(nowUs: number): number {
    if (this.#beganUs === undefined) return 0;
    return Math.max(0, Math.min(this.#lastUs + QUIET_US, this.#beganUs + LONGEST_US) - nowUs);
  }

  /** The update that came since this was last asked; undefined if none did. Its time is its first message's. */
  reading(): Reading | undefined {
    const atUs = this.#beganUs;
    if (atUs === undefined) return undefined;
    const whole = this.#fresh.has(MOSQUITTO_UPTIME);
    const startedSec = new Map<string, number>();
    const samples: Sample[] = [];
    for (const [topic, value] of this.#known) {
      const isMosquitto = topic.startsWith('$SYS/broker/');
      if (!this.#fresh.has(topic) && !(whole && isMosquitto)) continue;
      const { part, path } = placeOf(topic);
      if (path === 'uptime') startedSec.set(part, atUs / 1e6 - value);
      const counter = isCounter(path);
      const metric = counter ? `${path}PerSec` : path;
      samples.push({ part, metric, value, kind: counter ? 'counter' : 'level' });
    }
    this.#fresh = new Set();
    this.#beganUs = undefined;
    return { atUs, samples, startedSec };
  }
}

/** `$SYS/broker/…` of mosquitto, `$SYS/brokers/<node>/…` of EMQX, `$SYS/<id>/…` of Aedes and others. */
function placeOf(topic: string): { part: string; path: string } {
  const [, second = '', ...rest] = topic.split('/');
  if (second === 'broker') return { part: '', path: rest.join('/') };
  if (second === 'brokers') return { part: rest[0] ?? '', path: rest.slice(1).join('/') };
  return { part: second, path: rest.join('/') };
}

/** Counts since the start; `load/…` are means that the broker has smoothed, the rest are levels. */
const COUNTER = /^(publish\/)?(messages|bytes)\/(publish\/)?(received|sent|dropped)$/;

function isCounter(path: string): boolean {
  return path.startsWith('metrics/') || COUNTER.test(path);
}

/** A number, or mosquitto's `17 seconds`. */
function parseFigure(payload: string): number | undefined {
  const figure = /^(-?\d+(?:\.\d+)?)(?: seconds)?$/.exec(payload.trim())?.[1];
  return figure === undefined ? undefined : Number(figure);
}

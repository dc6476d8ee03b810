/** What waits to be taken, as it will be sent. */
interface Waiting {
  number: number;
  /** undefined: no report of a second; kept until the run is over. */
  second: number | undefined;
  bytes: Buffer;
}

/** Some minutes of an agent with 16 threads; a report of a second takes about 10 KB. */
const ROOM_BYTES = 64 * 2 ** 20;

/**
 * An agent's news for its coordinator, numbered from 1 and kept until the coordinator has them for good: reports until
 * their second is in the record, the rest to the end. A coordinator that comes back gets all of it again. When there
 * is no room the oldest reports go, and are missing in the record, which says so.
 */
export class Outbox {
  readonly #roomBytes: number;
  #waiting: Waiting[] = [];
  #last = 0;
  /** The number that was last given out on the present line. */
  #sent = 0;
  #bytes = 0;
  dropped = 0;

  constructor(roomBytes = ROOM_BYTES) {
    this.#roomBytes = roomBytes;
  }

  add(bytes: Buffer, second?: number): void {
    this.#waiting.push({ number: ++this.#last, second, bytes });
    this.#bytes += bytes.length;
    while (this.#bytes > this.#roomBytes) {
      const oldest = this.#waiting.findIndex((waiting) => waiting.second !== undefined);
      if (oldest < 0) break;
      this.#bytes -= this.#waiting[oldest]!.bytes.length;
      this.#waiting.splice(oldest, 1);
      this.dropped += 1;
    }
  }

  /** Reports of seconds before this one are in the record. */
  safe(beforeSecond: number): void {
    this.#waiting = this.#waiting.filter(
      ({ second }) => second === undefined || second >= beforeSecond,
    );
    this.#bytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** A line is there, to one who has heard up to this number. */
  resume(heard: number): void {
    this.#sent = heard;
  }

  /** The next one to send; undefined: there is none now. */
  next(): { number: number; bytes: Buffer } | undefined {
    const next = this.#waiting.find(({ number }) => number > this.#sent);
    if (next !== undefined) this.#sent = next.number;
    return next;
  }

  get allSent(): boolean {
    return this.#sent >= this.#last;
  }
}

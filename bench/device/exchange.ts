import type { PublishView } from '../../wire/mod.js';

/** What a device tells of its requests, and of what may be a request or an answer. */

/** Told of each message of a stream of requests that went out. */
export interface RequestLog {
  /** @param sequence as in the measurement header */
  sent(sender: number, sequence: number, intendedUs: number, sentUs: number): void;
}

export interface Exchange {
  /**
   * One PUBLISH that the device got, at this view of the bytes. True: it is an answer to a request of this run,
   * and no delivery.
   */
  received(device: number, bytes: Uint8Array, view: PublishView, nowUs: number): boolean;
}

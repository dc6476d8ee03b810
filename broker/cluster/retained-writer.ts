import { ReasonCode } from '../../wire/mod.js';
import { DROPPED_MESSAGES, type Message, NOT_RETAINED } from '../routing/mod.js';
import type { Node } from '../session/mod.js';
import type { ClusterSurroundings } from './cluster-options.js';
import type { OwnWrites } from './own-writes.js';
import type { Forwarding } from './remote-node.js';
import { retainedWrite } from './retained-copies.js';

/** Puts messages that clients retain into the cluster database. */
export class RetainedWriter {
  readonly #node: Node;
  readonly #forwarding: Forwarding;
  readonly #around: ClusterSurroundings;
  readonly #writes: OwnWrites;

  constructor(node: Node, forwarding: Forwarding, around: ClusterSurroundings, writes: OwnWrites) {
    this.#node = node;
    this.#forwarding = forwarding;
    this.#around = around;
    this.#writes = writes;
  }

  /** The message's receipt, where its publisher gets one, waits for the database. */
  retain(message: Message): void {
    const { now, wallMs } = this.#around;
    const waits = message.qos > 0 && this.#forwarding === 'acked';
    if (waits) message.awaitNode();
    const receipt = waits ? message.receipt : undefined;
    this.#writes.write(retainedWrite(message, now(), wallMs())).then(
      () => receipt?.settle(now()),
      (error: unknown) => {
        // Delivered to those who are there, but nobody will find it later; only with MQTT 5 can its publisher hear so.
        this.#node.counters[DROPPED_MESSAGES]!++;
        this.#node.counters[NOT_RETAINED]!++;
        receipt?.fail(ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, now());
        this.#writes.failed(error);
      },
    );
  }
}

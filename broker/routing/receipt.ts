/** Whoever has to be told that a message is taken by all nodes it went to. */
export interface ReceiptOwner {
  /** Some receipt of this owner is complete; called outside of any other call into the session. */
  taken(nowMs: number): void;
}

/**
 * The acknowledgement that a publisher is owed for a message that went to other nodes: PUBACK or PUBREC goes
 * out when all of them have taken it (`cluster.forward = acked`). Made only for messages that leave the node.
 */
export class Receipt {
  #pending = 0;
  #owner: ReceiptOwner | undefined = undefined;
  /** The acknowledgement: packet type, identifier and reason code. */
  type: 4 | 5 = 4;
  packetId = 0;
  reasonCode = 0;
  #failure = 0;

  get complete(): boolean {
    return this.#pending === 0;
  }

  /** It came to nothing. */
  get refused(): boolean {
    return this.complete && this.#failure >= 0x80;
  }

  /** One more node must take the message. */
  expect(): void {
    this.#pending++;
  }

  /** A node has taken it, or is gone. */
  settle(nowMs: number): void {
    this.#pending--;
    if (this.#pending === 0) this.#owner?.taken(nowMs);
  }

  /** It could not be done; `reasonCode` says so to MQTT 5 clients. */
  fail(reasonCode: number, nowMs: number): void {
    this.#failure = reasonCode;
    this.reasonCode = reasonCode;
    this.settle(nowMs);
  }

  /** What to say to whom once it is complete. */
  owe(owner: ReceiptOwner, type: 4 | 5, packetId: number, reasonCode: number): void {
    this.#owner = owner;
    this.type = type;
    this.packetId = packetId;
    this.reasonCode = this.#failure || reasonCode;
  }
}

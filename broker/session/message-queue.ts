import type { Delivery } from './delivery.js';

const FIRST_SLOTS = 8;

/** First in, first out, with the bytes it holds. Grows by doubling and never shrinks below what it needs. */
export class MessageQueue {
  #slots: (Delivery | undefined)[] = [];
  #head = 0;
  #length = 0;
  #heldBytes = 0;
  #qos0 = 0;

  get length(): number {
    return this.#length;
  }

  /** Topic, properties and payload of what waits; a message that waits in several queues counts in each. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Messages of QoS 0 wait here: newer ones must not overtake them [MQTT-4.6.0-5]. */
  get hasQos0(): boolean {
    return this.#qos0 > 0;
  }

  get first(): Delivery | undefined {
    return this.#slots[this.#head];
  }

  push(delivery: Delivery): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = delivery;
    this.#length++;
    this.#heldBytes += delivery.message.heldBytes;
    if (delivery.qos === 0) this.#qos0++;
  }

  shift(): Delivery | undefined {
    if (this.#length === 0) return undefined;
    const delivery = this.#slots[this.#head] as Delivery;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    this.#heldBytes -= delivery.message.heldBytes;
    if (delivery.qos === 0) this.#qos0--;
    if (this.#length === 0 && this.#slots.length > 64) {
      this.#slots = [];
      this.#head = 0;
    }
    return delivery;
  }

  /** What waits, oldest first. */
  *values(): Generator<Delivery> {
    for (let index = 0; index < this.#length; index++) {
      yield this.#slots[(this.#head + index) & (this.#slots.length - 1)] as Delivery;
    }
  }

  #grow(): void {
    const { length } = this.#slots;
    const slots = new Array<Delivery | undefined>(Math.max(FIRST_SLOTS, length * 2)).fill(
      undefined,
    );
    for (let index = 0; index < this.#length; index++) {
      slots[index] = this.#slots[(this.#head + index) & (length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}

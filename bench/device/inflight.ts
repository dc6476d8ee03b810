const NONE = -1;

/**
 * The QoS 1 and 2 messages that a thread's devices have sent and that are not yet answered: one slab of
 * typed arrays with a list per device in the order of sending, so that neither sending nor an answer allocates.
 */
export class InflightSlab {
  #packetId = new Uint16Array(1024);
  #intendedUs = new Float64Array(1024);
  #sentUs = new Float64Array(1024);
  #next = new Int32Array(1024);
  #free = NONE;
  #used = 0;

  intendedUs(slot: number): number {
    return this.#intendedUs[slot]!;
  }

  sentUs(slot: number): number {
    return this.#sentUs[slot]!;
  }

  /** Appends a message to the device's list. */
  add(list: InflightList, packetId: number, intendedUs: number, sentUs: number): void {
    let slot = this.#free;
    if (slot !== NONE) this.#free = this.#next[slot]!;
    else slot = this.#used === this.#packetId.length ? this.#grow() : this.#used++;
    this.#packetId[slot] = packetId;
    this.#intendedUs[slot] = intendedUs;
    this.#sentUs[slot] = sentUs;
    this.#next[slot] = NONE;
    if (list.tail === NONE) list.head = slot;
    else this.#next[list.tail] = slot;
    list.tail = slot;
    list.count++;
  }

  /**
   * Takes the message with this packet id out of the list and returns its slot, whose times may be read
   * until the next `add`; -1 if there is none. Answers come in the order of sending (MQTT 5 §4.6), so the
   * first look nearly always hits.
   */
  remove(list: InflightList, packetId: number): number {
    let before = NONE;
    for (let slot = list.head; slot !== NONE; slot = this.#next[slot]!) {
      if (this.#packetId[slot] !== packetId) {
        before = slot;
        continue;
      }
      const after = this.#next[slot]!;
      if (before === NONE) list.head = after;
      else this.#next[before] = after;
      if (list.tail === slot) list.tail = before;
      this.#next[slot] = this.#free;
      this.#free = slot;
      list.count--;
      return slot;
    }
    return NONE;
  }

  /** True if the list's oldest message has this packet id: ids are used in circular order, so it is the only one a new id can meet. */
  oldestIs(list: InflightList, packetId: number): boolean {
    return list.head !== NONE && this.#packetId[list.head] === packetId;
  }

  /** Takes the oldest message out of the list, as `remove` does; -1 when there is none left. */
  removeOldest(list: InflightList): number {
    return list.head === NONE ? NONE : this.remove(list, this.#packetId[list.head]!);
  }

  #grow(): number {
    const capacity = this.#packetId.length * 2;
    const packetId = new Uint16Array(capacity);
    packetId.set(this.#packetId);
    this.#packetId = packetId;
    this.#intendedUs = grown(this.#intendedUs, capacity);
    this.#sentUs = grown(this.#sentUs, capacity);
    const next = new Int32Array(capacity);
    next.set(this.#next);
    this.#next = next;
    return this.#used++;
  }
}

/** One device's messages in flight. */
export class InflightList {
  head = NONE;
  tail = NONE;
  count = 0;
}

function grown(old: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(old);
  return larger;
}

/** The connection to another node, in memory: what goes out is kept, and the test plays the other node. */
import { decode, Framer, type Packet, type PublishPacket } from '../../wire/mod.js';
import { type Connection, Outbox, type Session } from '../session/mod.js';
import type { SimulatedClient, SimulatedNode } from './simulation.js';

export class FakeLink implements Connection {
  readonly outbox: Outbox;
  readonly version = 5;
  readonly maximumPacketSize: number;
  readonly receiveMaximum = 65_535;
  readonly peer = 'fake';
  /** What was sent and not looked at yet. */
  sent: Packet[] = [];
  /** The network takes no bytes: they wait until `unblock`. */
  blocked = false;
  #inTransit: Buffer | undefined;
  readonly #simulated: SimulatedNode;
  readonly #session: Session;
  readonly #framer = new Framer(2 ** 28);

  /** Attaches itself to the session of the other node. */
  constructor(simulated: SimulatedNode, session: Session, maximumPacketSize = 2 ** 28) {
    this.#simulated = simulated;
    this.#session = session;
    this.maximumPacketSize = maximumPacketSize;
    this.#framer.version = 5;
    this.outbox = new Outbox(simulated.turn, {
      write: (bytes) => {
        if (this.blocked) this.#inTransit = bytes;
        else this.#read(bytes);
        return !this.blocked;
      },
      end: () => this.drop(),
      destroy: () => this.drop(),
    });
    session.attach(this, simulated.nowMs);
    simulated.settle();
  }

  /** The network takes bytes again. */
  unblock(): void {
    this.blocked = false;
    const bytes = this.#inTransit;
    this.#inTransit = undefined;
    if (bytes === undefined) return;
    this.#read(bytes);
    this.outbox.drained();
    this.#session.pump(this.#simulated.nowMs);
  }

  takenOver(): void {
    this.drop();
  }

  close(): void {
    this.drop();
  }

  /** The connection breaks. */
  drop(): void {
    if (this.#session.connection === this) this.#session.detach(this.#simulated.nowMs);
    this.outbox.close();
  }

  /** The messages that came, oldest first. */
  takeMessages(): PublishPacket[] {
    this.#simulated.settle();
    const taken = this.sent.filter((packet) => packet.type === 'publish');
    this.sent = this.sent.filter((packet) => packet.type !== 'publish');
    return taken;
  }

  /** The other node takes this message: PUBACK or PUBREC. */
  take({ qos, packetId }: PublishPacket, reasonCode = 0): void {
    const { nowMs } = this.#simulated;
    if (qos === 1) this.#session.acknowledged(packetId!, nowMs);
    else if (qos === 2) this.#session.received(packetId!, reasonCode, nowMs);
    this.#simulated.settle();
  }

  /** Takes all that has come; returns the payloads as text. */
  takeAll(): string[] {
    return this.takeMessages().map((message) => {
      this.take(message);
      return Buffer.from(message.payload).toString();
    });
  }

  #read(bytes: Buffer): void {
    this.#framer.push(bytes, bytes.length, {
      frame: (frame, start, bodyStart, end) => {
        this.sent.push(decode(frame, start, bodyStart, end, 5));
        return true;
      },
    });
  }
}

/** The acknowledgements that came: packet type and identifier, and the reason code if it is not 0. */
export function acks(client: SimulatedClient): string[] {
  const found = client.received.flatMap((packet) =>
    packet.type === 'puback' || packet.type === 'pubrec'
      ? [
          `${packet.type} ${packet.packetId}${packet.reasonCode === 0 ? '' : ` ${packet.reasonCode}`}`,
        ]
      : [],
  );
  client.received = [];
  return found;
}

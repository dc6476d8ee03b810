import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type {
  ClientSubscribeCallback,
  ErrorWithSubackPacket,
  IClientOptions,
  IPublishPacket,
  ISubscriptionGrant,
  MqttClient,
} from 'mqtt';
import { CONNECT, LAG, PUBLISH, RESPONSE, SERVICE, SUBSCRIBE } from '../../results/measure.js';
import { readProperties } from '../../wire/mod.js';
import { connectProperties, filtersOfPacket } from './connect-packets.js';
import type { Device, DeviceProgram, DeviceThread, Outgoing } from './device.js';
import { dial, isPortTaken, MOST_PORT_TRIES } from './dial.js';
import { type Endpoint, EndpointError } from './endpoint.js';
import { keyOf } from './foreign-headers.js';
import { HEADER_BYTES, SEQUENCE_MODULUS, writeHeader } from './header.js';
import { connectOf, inboundOf, publishOf, subscribeOf, willOf } from './mqttjs-properties.js';
import { NO_MATCHING_SUBSCRIBERS, NO_SUBACK, refusal, UNANSWERED } from './refusal.js';
import { afterHandshake, socketError } from './socket-error.js';
import { COUNTER } from './tally.js';
import { ALIAS_KNOWN, ALIAS_NONE, aliasesRefused, TopicAliases } from './topic-aliases.js';

const SENT_BY_QOS = [
  COUNTER.publishesSentQos0,
  COUNTER.publishesSentQos1,
  COUNTER.publishesSentQos2,
] as const;

/**
 * The same device through the `mqtt` package: a client that field devices really use, and a check on the
 * lean one. It counts and times the same things, at some hundred times the cost of a message.
 */
export class MqttJsDevice implements Device {
  readonly #thread: DeviceThread;
  readonly #program: DeviceProgram;
  readonly #index: number;
  readonly #window: number;
  #client: MqttClient | undefined;
  #state: 'idle' | 'connecting' | 'suback' | 'ready' | 'closing' | 'closed' = 'idle';
  #intendedUs = 0;
  #startedUs = 0;
  #subscribedAtUs = 0;
  /** QoS 1 and 2, not yet answered. */
  readonly #underWay = new Set<{ readonly intendedUs: number }>();
  #wantsRoom = false;
  #open = false;
  #openedUs = 0;
  #granted = false;
  #reason = '';
  #portTaken = false;
  /** TLS is through with its handshake, and nothing has been received since. */
  #justSecured = false;
  #portTries = 0;
  #tlsResumed = false;
  /** Of TLS, to be resumed. */
  #session: Buffer | undefined;
  readonly #aliases: TopicAliases | undefined;
  /** The SUBSCRIBE that is not answered yet. */
  #packet = 1;

  /** @param index of the device within its thread */
  constructor(thread: DeviceThread, program: DeviceProgram, index: number) {
    this.#thread = thread;
    this.#program = program;
    this.#index = index;
    this.#window = program.inflight === 0 ? 65_535 : program.inflight;
    this.#aliases = program.topicAliases ? new TopicAliases(program.topicAliases) : undefined;
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  get inflight(): number {
    return this.#underWay.size;
  }

  connect(intendedUs: number): void {
    const { nowUs, tally } = this.#thread;
    this.#intendedUs = intendedUs;
    this.#startedUs = nowUs();
    this.#state = 'connecting';
    tally.count(COUNTER.connectsAttempted);
    tally.record(CONNECT * 3 + LAG, this.#startedUs - intendedUs);
    tally.entered(CONNECT, intendedUs);
    this.#reason = '';
    this.#justSecured = false;
    this.#portTries = 0;
    try {
      this.#dial(this.#program.endpoint(this.#index));
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      this.#reason = error.message;
      this.#closed();
    }
  }

  #dial(endpoint: Endpoint): void {
    const port = this.#portTries < MOST_PORT_TRIES ? endpoint.ports.next() : undefined;
    const client = openClient(endpoint, this.#options(), () => this.#socket(endpoint, port));
    this.#client = client;
    // A client of an earlier connection has nothing to say any more.
    const own = () => this.#client === client;
    client.on('connect', ({ sessionPresent, properties }) => {
      if (own()) this.#connected(sessionPresent, properties?.topicAliasMaximum ?? 0);
    });
    client.on('packetreceive', () => {
      if (own()) this.#justSecured = false;
    });
    client.on(
      'message',
      (topic, payload, packet) => own() && this.#delivered(topic, payload, packet),
    );
    client.on('error', (error) => own() && this.#failed(error));
    client.on('disconnect', (packet) => {
      if (own()) this.#reason = `disconnected by the target: ${refusal(packet.reasonCode ?? 0, 5)}`;
    });
    client.on('close', () => {
      if (!own()) return;
      if (this.#portTaken) {
        this.#portTaken = false;
        this.#portTries++;
        client.end(true);
        this.#dial(endpoint);
      } else this.#closed();
    });
    // The package passes on errors that have a code; the rest is told by the stream alone.
    client.stream.on('error', (error: Error) => own() && this.#failed(error));
  }

  #socket(endpoint: Endpoint, localPort: number | undefined): Socket {
    this.#tlsResumed = false;
    const socket = dial(endpoint, localPort, undefined, this.#session);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#portTaken =
        this.#state === 'connecting' && localPort !== undefined && isPortTaken(error);
      if (!this.#portTaken) this.#failed(error);
    });
    socket.on('secureConnect', () => {
      this.#justSecured = true;
      this.#tlsResumed = (socket as TLSSocket).isSessionReused();
    });
    if (endpoint.tls?.resume) {
      socket.on('session', (session: Buffer) => {
        this.#session = session;
      });
    }
    return socket;
  }

  #options(): IClientOptions {
    const identity = this.#program.identity(this.#index);
    const { clientId, username, password, will } = identity;
    const { version, cleanStart, keepAliveSeconds } = this.#program;
    const properties = connectProperties(this.#program, identity);
    return {
      protocolVersion: version,
      protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
      clean: cleanStart,
      clientId,
      keepalive: keepAliveSeconds,
      reconnectPeriod: 0,
      connectTimeout: this.#program.connectTimeoutUs / 1000,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(will === undefined
        ? {}
        : {
            will: {
              topic: will.topic,
              payload: Buffer.from(will.payload),
              qos: will.qos,
              retain: will.retain,
              ...(will.properties === undefined ? {} : { properties: willOf(will.properties) }),
            },
          }),
      ...(properties === undefined ? {} : { properties: connectOf(properties) }),
    };
  }

  publish(message: Outgoing, sequence: number, intendedUs: number): boolean {
    const client = this.#client;
    const { qos } = message;
    if (
      this.#state !== 'ready' ||
      client === undefined ||
      client.stream.writableNeedDrain ||
      (qos > 0 && this.#underWay.size >= this.#window)
    ) {
      if (client?.stream.writableNeedDrain) client.stream.once('drain', () => this.#hasRoom());
      this.#wantsRoom = true;
      return false;
    }
    const { nowUs, tally } = this.#thread;
    const { run, epochUs } = this.#thread.identity;
    const payload = Buffer.from(message.payload);
    const sentUs = nowUs();
    const lagUs = sentUs - intendedUs;
    if (message.timed) {
      writeHeader(
        payload,
        message.headerAt ?? 0,
        run,
        message.sender,
        sequence,
        intendedUs - epochUs,
        lagUs,
      );
    }
    let topic = Buffer.from(
      message.topic.subarray(message.topicStart, message.topicEnd),
    ).toString();
    let properties: ReturnType<typeof publishOf> | undefined;
    if (message.properties !== undefined) {
      const { bytes, start, end, topicAlias } = message.properties;
      properties = publishOf(readProperties(bytes, start, end));
      const use = topicAlias > 0 ? this.#aliases?.use(topicAlias) : undefined;
      if (use === ALIAS_KNOWN) topic = '';
      else if (use === ALIAS_NONE) delete properties.topicAlias;
      if (message.properties.correlates) {
        const data = Buffer.alloc(HEADER_BYTES);
        writeHeader(data, 0, run, message.sender, sequence, intendedUs - epochUs, lagUs);
        properties.correlationData = data;
      }
    }
    tally.count(COUNTER.publishesSent);
    tally.count(SENT_BY_QOS[qos]);
    tally.count(COUNTER.bytesSent, payload.length);
    tally.record(PUBLISH * 3 + LAG, lagUs);
    const own = { intendedUs };
    if (qos > 0) {
      this.#underWay.add(own);
      tally.entered(PUBLISH, intendedUs);
    }
    const options = { qos, retain: message.retain, ...(properties && { properties }) };
    client.publish(topic, payload, options, (error, answer) => {
      // A closed connection has counted what was in flight already.
      if (!this.#underWay.delete(own)) return;
      if (error) {
        tally.left(PUBLISH, intendedUs);
        tally.count(COUNTER.publishesFailed);
        const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
        const why = code === undefined ? error.message : refusal(code, 5);
        if (this.#state === 'ready') tally.error(`publish refused: ${why}`);
      } else {
        const atUs = nowUs();
        tally.count(COUNTER.publishesAcked);
        const code = answer !== undefined && 'reasonCode' in answer ? answer.reasonCode : 0;
        if (code === NO_MATCHING_SUBSCRIBERS) tally.count(COUNTER.publishesUnmatched);
        tally.left(PUBLISH, atUs);
        tally.record(PUBLISH * 3 + SERVICE, atUs - sentUs);
        tally.record(PUBLISH * 3 + RESPONSE, atUs - intendedUs);
      }
      this.#hasRoom();
    });
    message.request?.sent(message.sender, sequence % SEQUENCE_MODULUS, intendedUs, sentUs);
    return true;
  }

  flush(): void {}

  timer(_nowUs: number): number {
    // The package keeps the connection alive and times its connect itself.
    return Number.POSITIVE_INFINITY;
  }

  disconnect(): void {
    if (this.#client === undefined || this.#state === 'closed') {
      this.#state = 'closed';
      return;
    }
    if (this.#state === 'suback') this.#unanswered();
    this.#state = 'closing';
    this.#client.end(!this.#open);
  }

  cut(): void {
    if (this.#client === undefined || this.#state === 'closed') {
      this.#state = 'closed';
      return;
    }
    if (this.#state === 'suback') this.#unanswered();
    this.#state = 'closing';
    this.#client.stream.destroy();
  }

  #connected(sessionPresent: boolean, topicAliasMaximum: number): void {
    const { nowUs, tally, owner } = this.#thread;
    const atUs = nowUs();
    this.#open = true;
    this.#openedUs = atUs;
    if (sessionPresent) tally.count(COUNTER.sessionsResumed);
    if (this.#tlsResumed) tally.count(COUNTER.tlsSessionsResumed);
    if (this.#aliases !== undefined && this.#aliases.begin(topicAliasMaximum) > 0) {
      tally.error(aliasesRefused(topicAliasMaximum));
    }
    tally.count(COUNTER.connectsSucceeded);
    tally.count(COUNTER.connected);
    tally.left(CONNECT, atUs);
    tally.record(CONNECT * 3 + SERVICE, atUs - this.#startedUs);
    tally.record(CONNECT * 3 + RESPONSE, atUs - this.#intendedUs);
    const { filters } = this.#program.identity(this.#index);
    if (filters.length === 0 || (sessionPresent && this.#granted)) {
      this.#state = 'ready';
      owner.ready(this.#index);
      return;
    }
    this.#state = 'suback';
    this.#subscribe(1, atUs);
  }

  /** Sends one of its SUBSCRIBEs; a second one only when the first was answered. */
  #subscribe(packet: number, atUs: number): void {
    const { tally } = this.#thread;
    const { filters } = this.#program.identity(this.#index);
    const some = filtersOfPacket(filters, packet);
    this.#packet = packet;
    tally.record(SUBSCRIBE * 3 + LAG, 0);
    this.#subscribedAtUs = atUs;
    tally.entered(SUBSCRIBE, atUs);
    const map = Object.fromEntries(
      some.map(({ filter, qos, noLocal, retainAsPublished, retainHandling }) => [
        filter,
        { qos, nl: noLocal ?? false, rap: retainAsPublished ?? false, rh: retainHandling ?? 0 },
      ]),
    );
    const { subscriptionIdentifier, userProperties } = some[0]!;
    const properties = subscribeOf(subscriptionIdentifier, userProperties);
    const options =
      Object.keys(properties).length > 0 ? { qos: 0 as const, properties } : undefined;
    const answered: ClientSubscribeCallback = (error, granted) =>
      this.#subscribed(atUs, error, granted);
    if (options === undefined) this.#client!.subscribe(map, answered);
    else this.#client!.subscribe(map, options, answered);
  }

  #subscribed(
    askedUs: number,
    error: Error | ErrorWithSubackPacket | null,
    granted?: ISubscriptionGrant[],
  ): void {
    if (this.#state !== 'suback') return;
    const { nowUs, tally, owner } = this.#thread;
    const atUs = nowUs();
    const tookUs = atUs - askedUs;
    tally.left(SUBSCRIBE, atUs);
    tally.record(SUBSCRIBE * 3 + SERVICE, tookUs);
    tally.record(SUBSCRIBE * 3 + RESPONSE, tookUs);
    const filters = filtersOfPacket(this.#program.identity(this.#index).filters, this.#packet);
    // Where any filter is refused, the codes come with the error instead.
    const codes =
      error && 'packet' in error ? (error.packet.granted as number[]) : granted?.map((g) => g.qos);
    if (codes === undefined) tally.error(`subscribe refused: ${error?.message ?? 'no answer'}`);
    const refused = (codes ?? []).filter((code) => code >= 0x80);
    for (const code of refused) tally.error(`subscribe refused: ${refusal(code, 5)}`);
    const failures = codes === undefined ? filters.length : refused.length;
    tally.count(COUNTER.subscribed, filters.length - failures);
    tally.count(COUNTER.subscribesFailed, failures);
    if (this.#packet < (this.#program.subscribePackets ?? 1)) {
      this.#subscribe(this.#packet + 1, atUs);
      return;
    }
    this.#granted = true;
    this.#state = 'ready';
    owner.ready(this.#index);
  }

  /** It is over before the SUBACK came: none of the subscriptions was granted. */
  #unanswered(): void {
    const { filters } = this.#program.identity(this.#index);
    const { length } = filters.filter(({ packet = 1 }) => packet >= this.#packet);
    const { tally } = this.#thread;
    tally.count(COUNTER.subscribesFailed, length);
    tally.error(NO_SUBACK, length);
    tally.left(SUBSCRIBE, this.#subscribedAtUs);
  }

  #delivered(topic: string, payload: Buffer, packet: IPublishPacket): void {
    const { receiver, nowUs, tally, exchange } = this.#thread;
    tally.count(COUNTER.bytesReceived, payload.length);
    if (exchange !== undefined) {
      const { bytes, view } = inboundOf(topic, payload, packet);
      if (exchange.received(this.#index, bytes, view, nowUs())) return;
    }
    receiver.delivered(
      this.#index,
      payload,
      0,
      payload.length,
      packet.qos,
      packet.retain,
      nowUs(),
      this.#openedUs,
      this.#program.retainFlag,
      receiver.wantsTopic ? keyOf(Buffer.from(topic), 0, Buffer.byteLength(topic)) : 0,
    );
  }

  #failed(error: Error & { code?: string | number | undefined }): void {
    if (this.#portTaken || this.#reason !== '') return;
    this.#reason =
      typeof error.code === 'number'
        ? `connect refused: ${refusal(error.code, this.#program.version)}`
        : socketError(error as NodeJS.ErrnoException);
  }

  #hasRoom(): void {
    if (!this.#wantsRoom || this.#state !== 'ready' || this.#underWay.size >= this.#window) return;
    this.#wantsRoom = false;
    this.#thread.owner.hasRoom(this.#index);
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    const { tally, owner } = this.#thread;
    const state = this.#state;
    this.#state = 'closed';
    const wasOpen = this.#open;
    this.#open = false;
    this.#wantsRoom = false;
    if (wasOpen) tally.count(COUNTER.connected, -1);
    else tally.left(CONNECT, this.#intendedUs);
    const unanswered = this.#underWay.size;
    tally.count(COUNTER.publishesFailed, unanswered);
    if (state === 'closing' && unanswered > 0) tally.error(UNANSWERED, unanswered);
    for (const { intendedUs } of this.#underWay) tally.left(PUBLISH, intendedUs);
    this.#underWay.clear();
    this.#client?.end(true);
    if (state === 'closing') {
      owner.closed(this.#index);
      return;
    }
    const why = this.#justSecured ? afterHandshake(this.#reason) : this.#reason;
    const reason = why || 'closed by the target';
    if (state === 'ready') {
      tally.count(COUNTER.connectionsLost);
      tally.error(`connection lost: ${reason}`);
      owner.lost(this.#index);
      return;
    }
    if (state === 'suback') this.#unanswered();
    tally.count(wasOpen ? COUNTER.connectionsLost : COUNTER.connectsFailed);
    tally.error(`connect: ${reason}`);
    owner.failed(this.#index);
  }
}

const require = createRequire(import.meta.url);

/** When it is first needed: it takes 12 MB of a process, and a large fleet has a hundred without such a device. */
function library(): typeof import('mqtt') {
  return require('mqtt');
}

/** A client of the package over a socket of ours: so it has the local address and port that it should. */
function openClient(
  { tls, port, webSocket }: Endpoint,
  options: IClientOptions,
  socket: () => Socket,
): MqttClient {
  if (webSocket === undefined) {
    return new (library().MqttClient)(socket, options);
  }
  return library().connect({
    ...options,
    protocol: tls === undefined ? 'ws' : 'wss',
    hostname: webSocket.host.replace(/:\d+$/, ''),
    port,
    path: webSocket.path,
    wsOptions: { createConnection: socket, perMessageDeflate: false },
  });
}

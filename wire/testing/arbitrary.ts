import fc from 'fast-check';
import {
  isReasonCodeAllowed,
  type Packet,
  PacketType,
  PROPERTIES,
  type Properties,
  PropertyKind,
  type ProtocolVersion,
  type Qos,
} from '../mod.js';

/** Text that can be sent: any character but U+0000, often plain, sometimes long. */
export function textArbitrary(maxLength = 40): fc.Arbitrary<string> {
  const good = (text: string) => !text.includes('\0');
  return fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength }).filter(good) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 100, max: 400 }).map((length) => 'x'.repeat(length)),
    },
  );
}

export function bytesArbitrary(maxLength = 40): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 120, maxLength: 300 }) },
  );
}

export const topicArbitrary: fc.Arbitrary<string> = textArbitrary()
  .map((text) => text.replace(/[#+]/g, '/'))
  .filter((text) => text !== '');

const level = textArbitrary(8).map((text) => text.replace(/[#+/]/g, '-'));

/** A plain topic filter, often with wildcards. */
export const filterArbitrary: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([levels, below]) => [...levels, ...(below ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '' && !filter.startsWith('$share/'));

const qosArbitrary = fc.constantFrom<Qos[]>(0, 1, 2);
const packetIdArbitrary = fc.integer({ min: 1, max: 65_535 });
const u16 = fc.integer({ min: 0, max: 65_535 });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

/** Properties whose value may not be zero. */
const NOT_ZERO = ['receiveMaximum', 'maximumPacketSize', 'topicAlias'];

function propertyArbitrary(name: string, kind: PropertyKind, one: boolean): fc.Arbitrary<unknown> {
  const some = (number: fc.Arbitrary<number>) =>
    NOT_ZERO.includes(name) ? number.map((value) => Math.max(1, value)) : number;
  switch (kind) {
    case PropertyKind.BIT:
      return fc.constantFrom(0, 1);
    case PropertyKind.BOOLEAN:
      return fc.boolean();
    case PropertyKind.U16:
      return some(u16);
    case PropertyKind.U32:
      return some(u32);
    case PropertyKind.VARINT: {
      const number = fc.oneof(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 268_435_455 }),
      );
      return fc.array(number, { minLength: 1, maxLength: one ? 1 : 4 });
    }
    case PropertyKind.STRING:
      return name === 'responseTopic' ? topicArbitrary : textArbitrary();
    case PropertyKind.BINARY:
      return bytesArbitrary();
    case PropertyKind.PAIR:
      return fc.array(fc.tuple(textArbitrary(6), textArbitrary(20)), {
        minLength: 1,
        maxLength: 4,
      });
  }
}

/** Property lists for a packet type (0 for a will); undefined rather than empty, as `decode` has it. */
export function propertiesArbitrary(packetType: number): fc.Arbitrary<Properties | undefined> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const { name, kind, packets } of PROPERTIES) {
    if (!packets.includes(packetType)) continue;
    fields[name] = propertyArbitrary(name, kind, packetType === PacketType.SUBSCRIBE);
  }
  const some = fc.record(fields, { requiredKeys: [], noNullPrototype: true }).map((properties) => {
    const list = properties as Properties;
    if (list.authenticationMethod === undefined) delete list.authenticationData;
    return Object.keys(list).length === 0 ? undefined : list;
  });
  return fc.option(some, { nil: undefined, freq: 2 });
}

/** `packet` with what MQTT 5 adds, or as it is before. */
function withProperties<T extends Packet>(
  version: ProtocolVersion,
  packetType: number,
  packet: fc.Arbitrary<T>,
): fc.Arbitrary<T> {
  if (version !== 5) return packet;
  return fc
    .tuple(packet, propertiesArbitrary(packetType))
    .map(([value, properties]) => (properties === undefined ? value : { ...value, properties }));
}

function reasonCodeArbitrary(packetType: number): fc.Arbitrary<number> {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  return fc.constantFrom(...codes.filter((code) => isReasonCodeAllowed(code, packetType)));
}

function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

function connectArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const will = fc
    .tuple(
      fc.record({
        topic: topicArbitrary,
        payload: bytesArbitrary(),
        qos: qosArbitrary,
        retain: fc.boolean(),
      }),
      version === 5 ? propertiesArbitrary(0) : fc.constant(undefined),
    )
    .map(([fields, properties]) => without({ ...fields, properties }));
  const credentials = fc
    .tuple(
      fc.option(textArbitrary(), { nil: undefined }),
      fc.option(bytesArbitrary(), { nil: undefined }),
    )
    .map(([username, password]) => ({
      username,
      password: username === undefined && version !== 5 ? undefined : password,
    }));
  const packet = fc
    .record({
      cleanStart: fc.boolean(),
      keepAliveSeconds: u16,
      clientId: textArbitrary(),
      will: fc.option(will, { nil: undefined }),
      credentials,
    })
    .map(
      ({ credentials: { username, password }, ...fields }) =>
        without({
          type: 'connect',
          protocolVersion: version,
          ...fields,
          username,
          password,
        }) as Packet,
    );
  return withProperties(version, PacketType.CONNECT, packet);
}

function connackArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const code =
    version === 5 ? reasonCodeArbitrary(PacketType.CONNACK) : fc.integer({ min: 0, max: 5 });
  const packet = fc.tuple(fc.boolean(), code).map(([present, reasonCode]): Packet => {
    const sessionPresent = present && reasonCode === 0 && version !== 3;
    return { type: 'connack', sessionPresent, reasonCode };
  });
  return withProperties(version, PacketType.CONNACK, packet);
}

export function publishArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc
    .record({
      topic: topicArbitrary,
      payload: bytesArbitrary(200),
      qos: qosArbitrary,
      retain: fc.boolean(),
      dup: fc.boolean(),
      packetId: packetIdArbitrary,
      aliasOnly: fc.boolean(),
      properties: version === 5 ? propertiesArbitrary(PacketType.PUBLISH) : fc.constant(undefined),
    })
    .map(({ aliasOnly, ...fields }): Packet => {
      const packet = without({
        type: 'publish' as const,
        ...fields,
        dup: fields.dup && fields.qos > 0,
      });
      if (fields.qos === 0) delete (packet as { packetId?: number }).packetId;
      if (aliasOnly && fields.properties?.topicAlias !== undefined) packet.topic = '';
      return packet as Packet;
    });
}

function ackArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const types = [
    ['puback', PacketType.PUBACK],
    ['pubrec', PacketType.PUBREC],
    ['pubrel', PacketType.PUBREL],
    ['pubcomp', PacketType.PUBCOMP],
  ] as const;
  return fc.constantFrom(...types).chain(([type, packetType]) => {
    const code = version === 5 ? reasonCodeArbitrary(packetType) : fc.constant(0);
    const packet = fc
      .tuple(packetIdArbitrary, code)
      .map(([packetId, reasonCode]): Packet => ({ type, packetId, reasonCode }));
    return withProperties(version, packetType, packet);
  });
}

function subscribeArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const plain = { filter: filterArbitrary, qos: qosArbitrary };
  const subscription =
    version === 5
      ? fc.record({
          ...plain,
          noLocal: fc.boolean(),
          retainAsPublished: fc.boolean(),
          retainHandling: fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2),
        })
      : fc.record({
          ...plain,
          noLocal: fc.constant(false),
          retainAsPublished: fc.constant(false),
          retainHandling: fc.constant<0>(0),
        });
  const packet = fc
    .tuple(
      packetIdArbitrary,
      fc.array(
        subscription.map((fields) => ({ ...fields })),
        { minLength: 1, maxLength: 4 },
      ),
    )
    .map(([packetId, subscriptions]): Packet => ({ type: 'subscribe', packetId, subscriptions }));
  return withProperties(version, PacketType.SUBSCRIBE, packet);
}

function subackArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const code =
    version === 5 ? reasonCodeArbitrary(PacketType.SUBACK) : fc.constantFrom(0, 1, 2, 0x80);
  const packet = fc
    .tuple(packetIdArbitrary, fc.array(code, { minLength: 1, maxLength: 6 }))
    .map(([packetId, reasonCodes]): Packet => ({ type: 'suback', packetId, reasonCodes }));
  return withProperties(version, PacketType.SUBACK, packet);
}

function unsubscribeArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const packet = fc
    .tuple(packetIdArbitrary, fc.array(filterArbitrary, { minLength: 1, maxLength: 4 }))
    .map(([packetId, filters]): Packet => ({ type: 'unsubscribe', packetId, filters }));
  return withProperties(version, PacketType.UNSUBSCRIBE, packet);
}

function unsubackArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const codes =
    version === 5
      ? fc.array(reasonCodeArbitrary(PacketType.UNSUBACK), { minLength: 1, maxLength: 6 })
      : fc.constant<number[]>([]);
  const packet = fc
    .tuple(packetIdArbitrary, codes)
    .map(([packetId, reasonCodes]): Packet => ({ type: 'unsuback', packetId, reasonCodes }));
  return withProperties(version, PacketType.UNSUBACK, packet);
}

function disconnectArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const code = version === 5 ? reasonCodeArbitrary(PacketType.DISCONNECT) : fc.constant(0);
  const packet = code.map((reasonCode): Packet => ({ type: 'disconnect', reasonCode }));
  return withProperties(version, PacketType.DISCONNECT, packet);
}

function authArbitrary(): fc.Arbitrary<Packet> {
  return fc
    .tuple(
      reasonCodeArbitrary(PacketType.AUTH),
      textArbitrary(),
      propertiesArbitrary(PacketType.AUTH),
    )
    .map(([reasonCode, authenticationMethod, properties]) => ({
      type: 'auth',
      reasonCode,
      properties: { ...properties, authenticationMethod },
    }));
}

/** Any packet that version can send, in the form `decode` gives it. */
export function packetArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.oneof(
    connectArbitrary(version),
    connackArbitrary(version),
    publishArbitrary(version),
    ackArbitrary(version),
    subscribeArbitrary(version),
    subackArbitrary(version),
    unsubscribeArbitrary(version),
    unsubackArbitrary(version),
    fc.constantFrom<Packet[]>({ type: 'pingreq' }, { type: 'pingresp' }),
    disconnectArbitrary(version),
    ...(version === 5 ? [authArbitrary()] : []),
  );
}

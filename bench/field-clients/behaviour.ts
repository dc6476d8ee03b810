/** What a group with `behaviour` does, in terms of an ordinary group: its will, subscriptions and streams. */
export type Behaviour = SparkplugBehaviour | KuraBehaviour;

export interface SparkplugBehaviour {
  readonly kind: 'sparkplug';
  /** Sparkplug's group id; the edge node's id is the client id. */
  readonly group: string;
  readonly devices: number;
  /** Of the node and of each device; in a data message, `changed` of them. */
  readonly metrics: number;
  readonly changed: number;
  readonly intervalUs: number;
}

export interface KuraBehaviour {
  readonly kind: 'kura';
  readonly account: string;
  readonly assets: number;
  readonly metrics: number;
  readonly gzip: boolean;
  readonly intervalUs: number;
}

/** The payload of a stream of such a group. */
export type FieldPayload =
  | { kind: 'sparkplug'; member: number; metrics: number; changed: number }
  | { kind: 'kura'; metrics: number; gzip: boolean };

type Qos = 0 | 1 | 2;

export interface FieldStreams {
  will: { topic: string; payload: string; qos: Qos; retain: boolean; delayUs: number };
  subscribe: { filter: string; qos: Qos }[];
  publish: {
    topic: string;
    qos: Qos;
    retain: boolean;
    payload: FieldPayload;
    arrivals: { kind: 'periodic'; intervalUs: number };
    limit: number;
  }[];
}

export function fieldStreams(behaviour: Behaviour): FieldStreams {
  const arrivals = { kind: 'periodic' as const, intervalUs: behaviour.intervalUs };
  const common = { qos: 0 as const, retain: false, arrivals, limit: 0 };
  if (behaviour.kind === 'sparkplug') {
    const { devices, metrics, changed } = behaviour;
    const topic = sparkplugTopic(behaviour.group);
    return {
      // Its payload has the connection's bdSeq and is made when the device connects.
      will: { topic: topic('NDEATH'), payload: '', qos: 1, retain: false, delayUs: 0 },
      subscribe: [
        { filter: topic('NCMD'), qos: 1 },
        { filter: `${topic('DCMD')}/+`, qos: 1 },
      ],
      publish: Array.from({ length: devices + 1 }, (_, member) => ({
        ...common,
        topic: member === 0 ? topic('NDATA') : `${topic('DDATA')}/${deviceName(member)}`,
        payload: { kind: 'sparkplug', member, metrics, changed },
      })),
    };
  }
  const { account, assets, metrics, gzip } = behaviour;
  const control = `$EDC/${account}/%c`;
  return {
    will: { topic: `${control}/MQTT/LWT`, payload: '', qos: 0, retain: false, delayUs: 0 },
    subscribe: [{ filter: `${control}/#`, qos: 1 }],
    publish: Array.from({ length: assets }, (_, k) => ({
      ...common,
      topic: `${account}/%c/W1/A1/asset-${k + 1}`,
      payload: { kind: 'kura', metrics, gzip },
    })),
  };
}

/** Topics of a Sparkplug group by message type; the edge node is the client id. */
export function sparkplugTopic(group: string): (type: string) => string {
  return (type) => `spBv1.0/${group}/${type}/%c`;
}

export function deviceName(member: number): string {
  return `device-${member}`;
}

import { z } from 'zod';
import { scenarioSchema } from './schema.js';

/** What an editor shows for a key: wherever it stands, or only within another one. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  name: 'What it is called. Groups and phases are told apart by it; %g stands for the group’s.',
  seed: 'Fixes every random choice: the same seed offers the same load.',
  target:
    'One URL such as mqtt://127.0.0.1:1883, or a list; device n goes to target n modulo their number.',
  cluster: 'The bundled cluster that a run without a target starts for itself on this machine.',
  cores: 'Nodes that hold the cluster’s database; three keep it in etcd.',
  replicants: 'Nodes that take the devices; auto is as many as the open-file limit asks for.',
  profile: 'What kind of target it is: the name of a profile, or a mapping.',
  sas: 'Tokens in place of passwords, for Azure IoT Hub.',
  keyOf:
    'Whose key it is: the device’s own, the group’s that theirs are derived from, or a policy’s.',
  probes: 'What to watch beside the devices, by name: a pid, machine, a URL of metrics.',
  connect: 'The connect schedule of the whole fleet.',
  groups: 'The groups of devices; in a phase, the names of those that it is about.',
  phases: 'What happens when, in order; the first is the ramp.',
  objectives: "Bounds that the run is judged by, such as 'delivery.response.p99 < 50ms'.",
  ratePerSec:
    'A rate such as 500 or 5k/s: connects over the fleet, messages over the group, or cycles of churn.',
  timeout: 'How long to wait at most, such as 30s.',
  count: 'How many devices, such as 200 or 10k.',
  devicesPerConnection:
    'Devices that share a connection, as behind a field gateway; client id and credentials are the connection’s.',
  startNumber: 'Number of the first device: %i counts from here.',
  clientId: 'Must differ from device to device, so it needs %i.',
  protocol: '3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0.',
  driver: 'lean for scale; mqttjs runs the same through MQTT.js.',
  cleanStart: 'Whether a device begins without the session that the target may have of it.',
  sessionExpiry:
    'How long the target keeps the session of a device that is away; MQTT 5, whole seconds.',
  keepAlive: 'Whole seconds up to 65535s; 0s is none.',
  username: 'With placeholders, so that each device can have its own.',
  password: 'With placeholders, so that each device can have its own.',
  credentials: 'Client id, user name and password of each device, from a file.',
  file: 'A CSV file with the columns clientId, username, password; relative to the scenario file.',
  will: 'What the target publishes when a device is gone without a goodbye.',
  delay: 'How long the target waits before it publishes the will; MQTT 5, whole seconds.',
  reconnect: 'How a device comes back that could not connect, or lost its connection.',
  initial: 'Wait before the first attempt.',
  max: 'The longest wait.',
  multiplier: 'By what each wait is longer than the one before.',
  jitter: 'The part of each wait that is left to chance, 0 to 1.',
  limit:
    'Messages of the stream over the whole group, or attempts to reconnect in a row; 0 is no limit.',
  behaviour: 'A kind of field client, which will, subscriptions and streams follow from.',
  devices: 'Sparkplug devices behind one edge node.',
  metrics: 'Of a node and of each of its devices, or of an asset.',
  changed: 'How many of the metrics a data message has.',
  assets: 'Streams of data that one Kura gateway has.',
  gzip: 'Whether payloads are compressed.',
  inflight: 'QoS 1 and 2 messages of one device in flight at most; 0 is no limit.',
  subscribe: 'What each device of the group subscribes to.',
  filter: 'A topic filter with placeholders; $share/name/filter for shared subscriptions.',
  publish: 'The streams that each device of the group sends.',
  topic: 'A topic with placeholders, without wildcards.',
  qos: '0, 1 or 2.',
  retain: 'Whether the target keeps the message for those who subscribe later.',
  payload: 'What is in the message.',
  bytes: 'So many bytes; the first 16 are the measurement header.',
  text: 'This text, as it is.',
  template: 'Text with placeholders and variables.',
  header: 'Puts the 16-byte measurement header in front, so that deliveries are timed.',
  randomBytes: 'How many bytes %RANDOM% stands for.',
  arrivals: 'When messages are due.',
  kind: 'What kind of phase, of arrivals or of field client it is.',
  interval: 'Between two messages of one device.',
  duration: 'How long it lasts, such as 30s or 5m.',
  load: 'A factor on all rates, a straight line [from, to], or one of these by group.',
  measure: 'Whether the phase counts in the figures of the run.',
  from: 'The load of the first step.',
  to: 'The load of the last step.',
  steps: 'How many steps, equally long.',
  peak: 'The load during the spike.',
  at: 'When the spike begins, from the start of the phase.',
  width: 'How long the spike lasts.',
  low: 'The lowest load of the sine, where it begins.',
  high: 'The highest load of the sine.',
  period: 'From one trough of the sine to the next.',
  share: 'The part of each group that leaves, above 0 and up to 1.',
  offline: 'From the goodbye of a cycle until the device connects again.',
  end: 'disconnect says goodbye; cut does not, as a crash.',
  within: 'The time over which the connections are lost.',
  sourceAddresses: 'Addresses of this machine that devices connect from, in turn.',
  tls: 'For targets mqtts:// and wss://: who is trusted, and the devices’ own certificates.',
  'profile.name': 'The profile’s name, such as rabbitmq or aws-iot-core.',
  host: 'The target’s own name, where user names and tokens contain it.',
  endpoint: 'The port of the platform that the target stands for, where its own is another.',
  keyEnv: 'The environment variable that holds the key, in base64.',
  policy: 'Name of the hub’s policy, where the key is a policy’s.',
  lifetime: 'How long a token is good, such as 1h.',
  ca: 'PEM file of who is trusted; otherwise the test authority, or the system’s.',
  cert: 'PEM file of the device’s certificate; with placeholders, each device has its own.',
  key: 'PEM file of the certificate’s private key.',
  certificates: 'A CSV file with the columns cert and key, a row for each device of the group.',
  testCa:
    'The folder of a test authority (fleetgauge certs), which gives each device a certificate.',
  servername: 'What SNI asks for, and the name that the target’s certificate must have.',
  ciphers: 'A list in OpenSSL’s spelling.',
  'behaviour.group': 'Sparkplug’s group id, the second level of its topics.',
  account: 'Kura’s account name, the first level of its topics.',
  alpn: 'Protocol names that the handshake offers.',
  verify: 'false takes whatever certificate the target shows.',
  minVersion: 'The lowest version of TLS.',
  maxVersion: 'The highest version of TLS.',
  signatureAlgorithms: 'A list in OpenSSL’s spelling, such as rsa_pss_rsae_sha256.',
  keyExchange: 'A list of groups in OpenSSL’s spelling, such as x25519:secp256r1.',
  'connect.inflight': 'Connects under way at most, over the whole fleet; what is due then waits.',
  'connect.retries': 'Attempts at once after a first connect that failed.',
  'reconnect.first':
    'false: only a lost connection is made again, not a first connect that failed.',
  first: 'When the first message of a device is due: at a random time between the two.',
  whole: 'true: it lasts its whole duration, even when every stream has used up its limit.',
  benchHeaders: 'emqtt-bench’s --payload-hdrs in front of the payload: cnt64, ts or both.',
  foreignHeaders: 'emqtt-bench’s --payload-hdrs, read from messages that are not of this run.',
  resume: 'A device that connects again offers the TLS session it had.',
  properties:
    'What MQTT 5 calls properties: of the CONNECT, of the will, of each message of the stream.',
  receiveMaximum:
    'QoS 1 and 2 messages that the target may have unacknowledged with the device, 1 to 65,535.',
  maximumPacketSize:
    'The largest packet that the device takes, in bytes; the target leaves out larger ones.',
  topicAliasMaximum: 'How many topic aliases the target may use towards the device.',
  requestResponseInformation: 'Asks the target for Response Information in its CONNACK.',
  requestProblemInformation:
    'false: reason strings and user properties in case of failures only with CONNACK, PUBLISH and DISCONNECT.',
  userProperties:
    'A mapping of names to texts, or a list of [name, text] where a name repeats; with placeholders.',
  payloadFormatIndicator: '1 says that the payload is UTF-8 text.',
  messageExpiry: 'How long the target may keep the message for a receiver; whole seconds.',
  contentType: 'What the payload is, such as application/json; with placeholders.',
  responseTopic: 'Where an answer is to go; with placeholders.',
  correlationData: 'What an answer is to bring back, as text; with placeholders.',
  topicAlias: 'The topic goes out once on a connection, then its alias alone.',
  response:
    'The messages are requests: where their answers come, and how long they are waited for.',
  'response.topic': 'The topic for answers, which each device subscribes to; with placeholders.',
  'response.timeout': 'From the send of a request; afterwards it counts as timed out.',
  'response.qos': 'Of the subscription for answers.',
  respond: 'What the devices receive is a request, and they answer it.',
  'respond.topic':
    'Where answers go to requests without a Response Topic; {1}, {2}, … are levels of the request’s topic.',
  'respond.bytes': 'Size of an answer’s payload.',
  'respond.delay': 'How long a device works on an answer.',
  'payload.file':
    'The payload is this file; of a folder or a list, one of them by a draw from the seed.',
  choice: 'A list of [bytes, weight].',
  lognormal: 'Sizes by a lognormal law, 16 bytes at least: their mean, and sigma of the logarithm.',
  mean: 'The mean of the law, in bytes.',
  sigma: 'Standard deviation of the logarithm.',
  'bytes.min': 'The smallest size.',
  'bytes.max': 'The largest size.',
  'lognormal.max': 'No payload is larger.',
  min: 'The smallest size.',
  scaled: 'false: --scale leaves the group as it is.',
  noLocal: 'What the device publishes itself does not come back to it.',
  retainAsPublished: 'Deliveries keep the retain flag that they were published with.',
  retainHandling:
    '0: retained messages are sent with the subscription; 1: only if it is new; 2: not.',
  subscriptionIdentifier: 'A number that the target puts into what this subscription delivers.',
};

/** JSON Schema of a scenario file, for editors: made from the schema that checks it. */
export function scenarioJsonSchema(): object {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input' });
  // Fields of one type are one object in it: on a copy each has a description of its own.
  return { title: 'A Fleetgauge scenario', ...described(JSON.parse(JSON.stringify(schema))) };
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function described<T extends Json>(schema: T, within = ''): T {
  if (typeof schema !== 'object' || schema === null) return schema;
  const properties = Array.isArray(schema) ? undefined : schema.properties;
  for (const part of Object.values(schema)) {
    if (part === properties) describeProperties(properties, within);
    else described(part, within);
  }
  return schema;
}

function describeProperties(properties: Json | undefined, within: string): void {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) return;
  for (const [key, field] of Object.entries(properties)) {
    if (typeof field !== 'object' || field === null || Array.isArray(field)) continue;
    const description = DESCRIPTIONS[`${within}.${key}`] ?? DESCRIPTIONS[key];
    if (description !== undefined) field.description ??= description;
    described(field, key);
  }
}

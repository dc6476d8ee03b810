import type { TargetProfile } from './profile.js';

/** Cloud platforms with the quotas of a new account; those of one's own are read there before a run. */

const READ = '2026-11';

export const awsIotCore: TargetProfile = {
  name: 'aws-iot-core',
  title: 'AWS IoT Core',
  protocols: [5, 4],
  endpoints: [
    { scheme: 'mqtts', port: 443, alpn: 'x-amzn-mqtt-ca', sni: true, by: 'certificate' },
    // What a custom authorizer is asked about.
    { scheme: 'mqtts', port: 443, alpn: 'mqtt', sni: true, by: 'password' },
    { scheme: 'mqtts', port: 8883, sni: true, by: 'certificate' },
    { scheme: 'wss', port: 443, path: '/mqtt', sni: true, by: 'password' },
  ],
  maxQos: 1,
  aboveMaxQos: { says: 'never acknowledged', outcome: 'refused' },
  lacks: {},
  keepAlive: { min: 30, max: 1200, none: false },
  clientId: { maxBytes: 128 },
  topics: { maxBytes: 256, maxLevels: 8 },
  defaults: {},
  quotas: {
    source:
      'AWS General Reference, AWS IoT Core endpoints and quotas, defaults of large regions (L-75CAB723, ' +
      'L-AEA1E176, L-033DE216, L-4B33E451, L-083F3861, L-D9C66F9D, L-13573643, L-8736D8E0, L-A6574E9E, ' +
      'L-45957C13)',
    read: READ,
    maxConnections: 500_000,
    connectsPerSec: 500,
    connectsPerSecPerClientId: 1,
    publishesPerSec: 20_000,
    deliveriesPerSec: 20_000,
    messagesPerSecPerConnection: 100,
    bytesPerSecPerConnection: 524_288,
    maxPacketBytes: 131_072,
    inflight: 100,
    filtersPerSubscribe: 8,
    subscriptionsPerConnection: 50,
  },
};

export const azureIotHub: TargetProfile = {
  name: 'azure-iot-hub',
  title: 'Azure IoT Hub',
  protocols: [4],
  endpoints: [
    { scheme: 'mqtts', port: 8883, sni: true },
    { scheme: 'wss', port: 443, path: '/$iothub/websocket', sni: true, by: 'certificate' },
    // Without the query the hub asks for a certificate in the handshake.
    {
      scheme: 'wss',
      port: 443,
      path: '/$iothub/websocket?iothub-no-client-cert=true',
      sni: true,
      by: 'password',
    },
  ],
  maxQos: 1,
  aboveMaxQos: { says: 'answered with a closed connection', outcome: 'refused' },
  lacks: {
    retain: 'the hub keeps no message: RETAIN becomes a property of it',
    sharedSubscriptions: 'the hub lets a device subscribe to its own topics only',
  },
  keepAlive: { min: 1, max: 1177, none: false },
  clientId: { maxBytes: 128, form: /^[A-Za-z0-9\-.%_#*?!(),:=@$']+$/, says: 'a device id' },
  topics: {
    // `devices/{id}/messages/events/` with an encoded property bag behind the last slash.
    publish: [
      'devices/%c/messages/events/+',
      '$iothub/twin/GET/+',
      '$iothub/twin/PATCH/properties/reported/+',
      '$iothub/methods/res/+/+',
    ],
    subscribe: [
      'devices/%c/messages/devicebound/#',
      '$iothub/twin/res/#',
      '$iothub/twin/PATCH/properties/desired/#',
      '$iothub/methods/POST/#',
    ],
  },
  needsHost: "the hub's host name, such as contoso.azure-devices.net",
  defaults: { username: '{host}/%c/?api-version=2021-04-12' },
  quotas: {
    source: 'Microsoft Learn, IoT Hub quotas and throttling, one unit of S1',
    read: READ,
    maxConnections: 1_000_000,
    connectsPerSec: 100,
    publishesPerSec: 100,
    maxPacketBytes: 262_144,
    subscriptionsPerConnection: 5,
  },
};

export const ibmWatsonIot: TargetProfile = {
  name: 'ibm-watson-iot',
  title: 'IBM Watson IoT Platform',
  protocols: [4, 3],
  endpoints: [
    { scheme: 'mqtts', port: 8883 },
    { scheme: 'mqtts', port: 443 },
    { scheme: 'mqtt', port: 1883 },
  ],
  maxQos: 2,
  lacks: {
    retain: 'the platform takes the flag away',
    sharedSubscriptions: 'the platform lets a device subscribe to its own commands only',
  },
  clientId: {
    maxBytes: 256,
    form: /^(?:[dg]:[^:/+#]+:[^:/+#]+:[^:/+#]+|[aA]:[^:/+#]+:[^:/+#]+)$/,
    says: 'd:org:type:id, g:org:type:id or a:org:app',
  },
  topics: {
    publish: ['iot-2/evt/+/fmt/+', 'iot-2/type/+/id/+/+/+/fmt/+'],
    subscribe: ['iot-2/cmd/+/fmt/+', 'iot-2/type/+/id/+/+/+/fmt/+', 'iotdm-1/#'],
  },
  defaults: { username: 'use-token-auth' },
  quotas: {
    source: 'IBM Watson IoT Platform documentation, Lite plan (withdrawn on 1 December 2023)',
    read: READ,
    maxConnections: 500,
    connectsPerSec: 10,
    publishesPerSecPerConnection: 5,
    bytesPerSecPerConnection: 20_480,
    maxPacketBytes: 131_072,
  },
};

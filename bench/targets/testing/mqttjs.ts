import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';

/** Connects as a program with MQTT.js would, once, and never again by itself. */
export function connectTo(port: number, options: IClientOptions): Promise<MqttClient> {
  const settled = { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 5000 } as const;
  // A refusal is an error at once.
  return mqtt.connectAsync(`mqtts://127.0.0.1:${port}`, { ...settled, ...options }, false);
}

/** What happens to a publish or subscribe: its answer, or what comes instead of it within `ms`. */
export async function outcome(
  client: MqttClient,
  what: Promise<unknown>,
  ms = 300,
): Promise<'answered' | 'closed' | 'silence' | 'refused'> {
  const closed = new Promise<'closed'>((resolve) => {
    client.once('close', () => resolve('closed'));
  });
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(() => resolve('silence'), ms);
  });
  const answer = what.then(
    () => 'answered' as const,
    async (error: Error) =>
      /clos|disconnect/i.test(error.message) ? closed : ('refused' as const),
  );
  try {
    return await Promise.race([answer, closed, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next message that this client receives. */
export function nextMessage(
  client: MqttClient,
): Promise<{ topic: string; packet: IPublishPacket }> {
  return new Promise((resolve) => {
    client.once('message', (topic, _payload, packet) => resolve({ topic, packet }));
  });
}

import { startBroker } from '../../broker/mod.js';

/** A bundled broker in this process, on a port of its own; gone afterwards. */
export async function withBroker(play: (target: string) => Promise<void>): Promise<void> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0 });
  try {
    await play(`mqtt://127.0.0.1:${broker.listeners[0]!.port}`);
  } finally {
    await broker.close(0);
  }
}

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that outgoing connections take (32768 on): a listener among them would collide with them. */
const LOWEST = 20_000;
const HIGHEST = 32_767;
const TRIES = 200;

/** A TCP port on which nobody listens just now. */
export async function freePort(host: string): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (await isFree(host, port)) return port;
  }
  throw new Error(`found no free port from ${LOWEST} to ${HIGHEST} on ${host}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}

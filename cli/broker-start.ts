import { type BrokerConfig, BrokerError, startBroker } from '../broker/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { processTerminal, type Terminal } from './terminal.js';

/** The flags of `fleetgauge broker start`; what is left out has the default of the broker's config. */
export type BrokerStartArgs = Partial<BrokerConfig>;

/**
 * Runs one node in the foreground until SIGINT or SIGTERM. Says one line on stdout when it takes
 * connections, and at the end one on stderr if messages were dropped. A second signal ends it at once.
 * @returns 0 after a clean stop, 2 if the config or the address is no good
 */
export async function brokerStart(
  args: BrokerStartArgs = {},
  { out, err }: Terminal = processTerminal(),
): Promise<ExitCode> {
  const complain = (line: string): void => err.write(`${line}\n`);
  try {
    const broker = await startBroker(args, { complain });
    const [listener] = broker.listeners;
    const host = listener?.host.includes(':') ? `[${listener.host}]` : listener?.host;
    // Before the greeting: who reads it may send the signal at once.
    const stopped = stopSignal();
    out.write(`Node '${broker.nodeName}' is started, mqtt://${host}:${listener?.port}\n`);
    await stopped;
    process.once('SIGINT', exitNow).once('SIGTERM', exitNow);
    await broker.close();
    process.off('SIGINT', exitNow).off('SIGTERM', exitNow);
    const drops = Object.entries(broker.stats().drops);
    if (drops.length > 0) {
      complain(`dropped: ${drops.map(([reason, count]) => `${reason} ${count}`).join(', ')}`);
    }
    return EXIT.pass;
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    complain(error.message);
    return EXIT.usage;
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}

function exitNow(): void {
  process.exit(EXIT.interrupted);
}

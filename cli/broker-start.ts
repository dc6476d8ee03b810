import { readFileSync } from 'node:fs';
import {
  BrokerError,
  brokerConfigOf,
  type ClusterPart,
  ConfigError,
  DiscoveryError,
  type LoadedConfig,
  loadConfig,
  type NamedFlags,
  openCluster,
  type RunningBroker,
  settingLines,
  startBroker,
} from '../broker/mod.js';
import { StoreError } from '../store/mod.js';
import { controlFolderHere } from './control-folder.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { processTerminal, type Terminal } from './terminal.js';
import { toolFacts } from './version.js';

/** What a node can fail with at its start, in one line. */
const EXPECTED = [BrokerError, ConfigError, DiscoveryError, StoreError];

/** The flags of `fleetgauge broker start`; they win over the environment, and that over the file. */
export interface BrokerStartArgs extends NamedFlags {
  /** The config file. */
  config?: string | undefined;
  /** `key=value` each. */
  set?: readonly string[];
  /** Say what is configured, start nothing. */
  check?: boolean;
  /** Stop when standard input ends. */
  stopWithStdin?: boolean;
}

/**
 * Runs one node in the foreground until SIGINT or SIGTERM, or until standard input ends if that is asked for. Says one line on stdout when it takes
 * connections, and at the end one on stderr if messages were dropped. A second signal ends it at once.
 * @returns 0 after a clean stop, 2 if the config or the address is no good, or a node of the name runs here
 */
export async function brokerStart(
  args: BrokerStartArgs = {},
  { out, err }: Terminal = processTerminal(),
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ExitCode> {
  let orphaned = false;
  let started = false;
  const complain = (line: string): void => {
    // Whoever read it is gone, and a write to a closed pipe would end us before our time.
    if (!orphaned) err.write(`${line}\n`);
  };
  const stdinEnd = args.stopWithStdin === true ? endOf(process.stdin) : undefined;
  void stdinEnd?.then(() => {
    orphaned = true;
    if (!started) process.exit(EXIT.interrupted);
  });
  let part: ClusterPart | undefined;
  try {
    const { config, notes, settings } = load(args, environment);
    for (const note of notes) complain(`note: ${note}`);
    if (args.check === true) {
      out.write(`${settingLines(settings).join('\n')}\n`);
      return EXIT.pass;
    }
    part = await openCluster(config, complain);
    const surroundings = {
      complain,
      version: toolFacts().version,
      controlFolder: controlFolderHere(),
      ...(part === undefined ? {} : { cluster: part.options }),
    };
    const broker = await startBroker(brokerConfigOf(config), surroundings);
    // Whoever waits for the line may send the signal as soon as it is there.
    const stopped = Promise.race([stopSignal(), ...(stdinEnd === undefined ? [] : [stdinEnd])]);
    started = true;
    out.write(`Node '${broker.nodeName}' is started, ${addressesOf(broker)}\n`);
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
    if (!EXPECTED.some((kind) => error instanceof kind)) throw error;
    complain((error as Error).message);
    return EXIT.usage;
  } finally {
    await part?.close();
    if (stdinEnd !== undefined) process.stdin.destroy();
  }
}

/** Resolves when nothing more can come. */
function endOf(stdin: NodeJS.ReadStream): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'error', 'close']) stdin.once(event, () => resolve());
    stdin.resume();
  });
}

function load(args: BrokerStartArgs, environment: NodeJS.ProcessEnv): LoadedConfig {
  const { config: file, set = [], host, port, nodeName } = args;
  return loadConfig({ file, environment, set, flags: { host, port, nodeName }, readFile });
}

function readFile(path: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function addressesOf({ listeners }: RunningBroker): string {
  if (listeners.length === 0) return 'without a listener';
  return listeners
    .map(({ host, port }) => `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`)
    .join(', ');
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

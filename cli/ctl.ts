import { askNode, BrokerError, CtlError, runningNodes, usagePage } from '../broker/mod.js';
import { EXIT } from './exit-codes.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** What a node did not do, and that no node is there to do it; 1 as with `emqx ctl`. */
const FAILED = 1;

const HELP = `fleetgauge ctl [--node <name>] <command>

Asks a node that runs on this machine, and has it do things.

  --node  its name, needed if several nodes run here (or FLEETGAUGE_NODE)

`;

/** Where nodes are looked for, and the environment's word on which. */
export interface CtlSurroundings {
  folder: string;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * `fleetgauge ctl …`: has a node run a command and shows what it says.
 * @returns the command's exit code, 1 too if there is no such node, 2 if it is not clear which is meant
 */
export async function ctl(
  args: readonly string[],
  { folder, env }: CtlSurroundings,
  { out, err }: Terminal,
): Promise<number> {
  const { named, argv, help } = readArgs(args);
  if (help || argv.length === 0) {
    (help ? out : err).write(`${HELP}${usagePage()}\n`);
    return help ? EXIT.pass : EXIT.usage;
  }
  const running = await runningNodes(folder);
  const node = choose(named ?? (env.FLEETGAUGE_NODE || undefined), running);
  if (node === undefined) {
    err.write("no node runs on this machine: start one with 'fleetgauge broker start'\n");
    return FAILED;
  }
  try {
    return await askNode(
      { folder, node, argv },
      { out: (line) => out.write(`${line}\n`), err: (line) => err.write(`${line}\n`) },
    );
  } catch (error) {
    // A name too long for a socket.
    if (error instanceof BrokerError) throw new UsageError(error.message);
    if (!(error instanceof CtlError)) throw error;
    const others = error.code === 'NOT_RUNNING' && running.length > 0;
    err.write(`${error.message}${others ? ` Those that run: ${running.join(', ')}` : ''}\n`);
    return FAILED;
  }
}

/** `--node` may stand anywhere; after `--` everything belongs to the command. */
function readArgs(args: readonly string[]): {
  named: string | undefined;
  argv: string[];
  help: boolean;
} {
  const end = args.indexOf('--');
  const ours = end < 0 ? [...args] : args.slice(0, end);
  const argv: string[] = [];
  let named: string | undefined;
  let help = false;
  for (let at = 0; at < ours.length; at++) {
    const arg = ours[at] as string;
    if (arg === '--node') {
      at++;
      named = ours[at];
    } else if (arg.startsWith('--node=')) named = arg.slice('--node='.length);
    else if (arg === '--help') help = true;
    else {
      argv.push(arg);
      continue;
    }
    if (!help && (named === undefined || named === '')) {
      throw new UsageError('--node needs the name of a node, such as fleetgauge@127.0.0.1');
    }
  }
  if (end >= 0) argv.push(...args.slice(end + 1));
  return { named, argv, help };
}

function choose(named: string | undefined, running: readonly string[]): string | undefined {
  if (named !== undefined) return named;
  if (running.length > 1) {
    throw new UsageError(
      `several nodes run on this machine, name one with --node: ${running.join(', ')}`,
    );
  }
  return running[0];
}

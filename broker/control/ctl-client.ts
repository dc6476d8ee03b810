import { connect, type Socket } from 'node:net';
import { type CtlReply, controlPath, lineOf } from './control-socket.js';

/** The node does not do what was asked because it is not there; one line. */
export class CtlError extends Error {
  readonly code: 'NOT_RUNNING' | 'NOT_RESPONDING' | 'WENT_AWAY';

  constructor(code: CtlError['code'], message: string) {
    super(message);
    this.name = 'CtlError';
    this.code = code;
  }
}

/** Where the text of a command goes, as it comes. */
export interface CtlScreens {
  out(line: string): void;
  err(line: string): void;
}

/**
 * Has a node of this machine run a command, `['clients', 'list']`. Returns its exit code; throws CtlError if
 * there is none: the node does not run, does not say within `patienceMs` that it is there, or ends meanwhile.
 */
export async function askNode(
  { folder, node, argv }: { folder: string; node: string; argv: readonly string[] },
  screens: CtlScreens,
  patienceMs = 5000,
): Promise<number> {
  const socket = connect(controlPath(folder, node));
  let failure: NodeJS.ErrnoException | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.write(lineOf({ argv: [...argv] }));
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  let isThere = false;
  let exit: number | undefined;
  try {
    for await (const reply of repliesOf(socket)) {
      if ('node' in reply) {
        isThere = true;
        clearTimeout(timer);
      } else if ('out' in reply) screens.out(reply.out);
      else if ('err' in reply) screens.err(reply.err);
      else exit = reply.exit;
    }
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  if (exit !== undefined) return exit;
  if (isThere) throw new CtlError('WENT_AWAY', `Node '${node}' ended before it had answered.`);
  if (failure !== undefined) {
    throw new CtlError('NOT_RUNNING', `Node '${node}' is not running on this machine.`);
  }
  const seconds = patienceMs / 1000;
  throw new CtlError(
    'NOT_RESPONDING',
    `Node '${node}' not responding: it runs, but has said nothing for ${seconds} s.`,
  );
}

async function* repliesOf(socket: Socket): AsyncGenerator<CtlReply> {
  let rest = '';
  try {
    for await (const part of socket.setEncoding('utf8')) {
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as CtlReply;
    }
  } catch (error) {
    // A connection that fails or is cut off is an end here; why, the caller knows.
    if (error instanceof SyntaxError) throw error;
  }
}

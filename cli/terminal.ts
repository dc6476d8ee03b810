import { EXIT } from './exit-codes.js';

/** Where a verb writes: results to `out`, progress and complaints to `err`. */
export interface Terminal {
  out: Screen;
  err: Screen;
}

/** One of the two streams, as far as text cares. */
export interface Screen {
  write(text: string): void;
  /** A person looks at it: it can be redrawn. */
  readonly live: boolean;
  /** ANSI colours are welcome. */
  readonly colour: boolean;
  readonly width: number;
}

/** The terminal of this process. `NO_COLOR` (no-color.org) turns colours off, wherever they go. */
export function processTerminal(): Terminal {
  return { out: screen(process.stdout), err: screen(process.stderr) };
}

function screen(stream: NodeJS.WriteStream): Screen {
  const noColour = (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb';
  return {
    write: (text) => {
      stream.write(text);
    },
    live: stream.isTTY === true && process.env.TERM !== 'dumb',
    colour: stream.isTTY === true && !noColour,
    get width() {
      return stream.columns ?? 80;
    },
  };
}

/** Text on its way to a pipe that its reader closed (`… | head`) is of no use to anyone; what it cuts short has not passed. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.interrupted);
      throw error;
    });
  }
}

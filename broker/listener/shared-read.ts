import type { Socket } from 'node:net';

/**
 * All sockets of a node read into one buffer: what comes is handled before the next read, so nobody needs one
 * of his own. Small enough that a publisher stopped in the middle of a chunk leaves little to keep.
 */
const READ_BYTES = 16_384;
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

type OnBytes = (this: Socket, length: number, bytes: Buffer) => boolean;

interface Symbols {
  buffer: symbol;
  callback: symbol;
}
let symbols: Symbols | undefined;

/**
 * Has the socket read into the shared buffer and call `onBytes` (with the socket as `this`) for each read.
 * Node offers that (`onread`) for sockets it connects but not for those it accepts, so it is set where the
 * constructor would set it; without these internals, 'data' events do the same with a buffer per read.
 * Returns which of the two it is.
 */
export function readShared(socket: Socket, onBytes: OnBytes): 'shared' | 'events' {
  symbols ??= findSymbols(socket);
  const handle = (socket as unknown as { _handle?: { useUserBuffer?: (b: Buffer) => void } })
    ._handle;
  if (symbols === undefined || typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (bytes: Buffer) => onBytes.call(socket, bytes.length, bytes));
    return 'events';
  }
  Object.assign(socket, { [symbols.buffer]: buffer, [symbols.callback]: onBytes });
  handle.useUserBuffer(buffer);
  return 'shared';
}

function findSymbols(socket: Socket): Symbols | undefined {
  const own = new Map(
    Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, symbol]),
  );
  const bufferSymbol = own.get('kBuffer');
  const callback = own.get('kBufferCb');
  if (bufferSymbol === undefined || callback === undefined) return undefined;
  return { buffer: bufferSymbol, callback };
}

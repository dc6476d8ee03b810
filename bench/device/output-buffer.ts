import { LARGEST_FRAME_HEADER } from './websocket-frame.js';

const SIZE = 64 * 1024;
/** Room in front, so that what goes over a WebSocket gets its header without a copy. */
const HEADROOM = LARGEST_FRAME_HEADER;

/** Where the bytes go. */
export interface Outlet {
  /** Sends `bytes[start..end)`. False: the buffer is the outlet's from now on, for it still needs the bytes. */
  write(bytes: Uint8Array, start: number, end: number): boolean;
}

/**
 * What one device owes its connection in one turn of the event loop, joined into one write. One buffer
 * serves all devices of a thread: a device fills it and flushes it before it returns.
 */
export class OutputBuffer {
  bytes: Uint8Array = Buffer.allocUnsafeSlow(SIZE);
  #end = HEADROOM;

  /** Makes room for `bytes` more and returns where they go; what was there may be flushed to `outlet` first. */
  reserve(bytes: number, outlet: Outlet): number {
    if (this.#end + bytes > this.bytes.length) {
      this.flush(outlet);
      if (HEADROOM + bytes > this.bytes.length) {
        this.bytes = Buffer.allocUnsafeSlow(HEADROOM + bytes);
      }
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  /** Copies prepared bytes. */
  append(from: Uint8Array, outlet: Outlet): void {
    const at = this.reserve(from.length, outlet);
    this.bytes.set(from, at);
  }

  flush(outlet: Outlet): void {
    if (this.#end === HEADROOM) return;
    const mayBeReused = outlet.write(this.bytes, HEADROOM, this.#end);
    this.#end = HEADROOM;
    if (!mayBeReused || this.bytes.length > SIZE) this.bytes = Buffer.allocUnsafeSlow(SIZE);
  }
}

import type { Writable } from 'node:stream';

const SIZE = 64 * 1024;

/**
 * What one device owes its socket in one turn of the event loop, joined into one write. One buffer serves
 * all devices of a thread: a device fills it and flushes it before it returns.
 */
export class OutputBuffer {
  bytes: Uint8Array = Buffer.allocUnsafeSlow(SIZE);
  length = 0;

  /** Makes room for `bytes` more and returns where they go; what was there may be flushed to `socket` first. */
  reserve(bytes: number, socket: Writable): number {
    if (this.length + bytes > this.bytes.length) {
      this.flush(socket);
      if (bytes > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(bytes);
    }
    const at = this.length;
    this.length += bytes;
    return at;
  }

  /** Copies prepared bytes. */
  append(from: Uint8Array, socket: Writable): void {
    const at = this.reserve(from.length, socket);
    this.bytes.set(from, at);
  }

  flush(socket: Writable): void {
    if (this.length === 0) return;
    socket.write(this.bytes.subarray(0, this.length));
    this.length = 0;
    // Nothing pending means that the kernel has taken the bytes already; else the socket keeps the buffer.
    if (socket.writableLength > 0) this.bytes = Buffer.allocUnsafeSlow(SIZE);
    else if (this.bytes.length > SIZE) this.bytes = Buffer.allocUnsafeSlow(SIZE);
  }
}

import type { BenchHeader } from './bench-headers-schema.js';
import type { PayloadTemplate, PayloadValues } from './payload.js';

export const BENCH_HEADER_BYTES = 8;

/** A payload with emqtt-bench's headers in front of it; where it has a measurement header, that lies behind them. */
export class BenchHeaderPayload implements PayloadTemplate {
  readonly headerBytes: PayloadTemplate['headerBytes'];
  readonly headerAt: number;
  readonly fixedBytes: number | undefined;
  readonly isStatic = false;
  readonly isShared = false;
  readonly #inner: PayloadTemplate;
  readonly #headers: readonly BenchHeader[];
  readonly #frontBytes: number;

  constructor(headers: readonly BenchHeader[], inner: PayloadTemplate) {
    this.#headers = headers;
    this.#inner = inner;
    this.#frontBytes = BENCH_HEADER_BYTES * headers.length;
    this.headerBytes = inner.headerBytes;
    this.headerAt = this.#frontBytes + (inner.headerAt ?? 0);
    this.fixedBytes =
      inner.fixedBytes === undefined ? undefined : inner.fixedBytes + this.#frontBytes;
  }

  prepare(): void {
    this.#inner.prepare?.();
  }

  sizeBytes(values: PayloadValues): number {
    return this.#frontBytes + this.#inner.sizeBytes(values);
  }

  fill(target: Uint8Array, at: number, values: PayloadValues): number {
    let end = at;
    for (let k = 0; k < this.#headers.length; k++) {
      // Messages count from 1, cnt64 from 0.
      const value =
        this.#headers[k] === 'cnt64' ? values.message - 1 : Math.floor(values.wallUs / 1000);
      writeUint64(target, end, value);
      end += BENCH_HEADER_BYTES;
    }
    return this.#inner.fill(target, end, values);
  }
}

/** A whole number below 2^53. */
function writeUint64(target: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  const low = value >>> 0;
  for (let k = 0; k < 4; k++) {
    target[at + k] = high >>> (24 - 8 * k);
    target[at + 4 + k] = low >>> (24 - 8 * k);
  }
}

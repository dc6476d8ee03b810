import type { IKeyValue } from 'etcd3';
import type { Entry } from './store.js';

/** All keys of a store lie under one prefix, its namespace, in etcd; here they are without it. */
export class EtcdKeys {
  readonly #namespace: string;
  readonly #length: number;

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#length = Buffer.byteLength(namespace);
  }

  bytesOf(key: string): Buffer {
    return Buffer.from(this.#namespace + key);
  }

  textOf(bytes: Buffer): string {
    return bytes.toString('utf8', this.#length);
  }

  /** The half-open range of the keys that begin with `prefix`; a lone zero byte stands for the end of all. */
  rangeOf(prefix: string): { key: Buffer; range_end: Buffer } {
    const key = this.bytesOf(prefix);
    const end = Buffer.from(key);
    for (let at = end.length - 1; at >= 0; at--) {
      const byte = end[at] as number;
      if (byte < 0xff) {
        end[at] = byte + 1;
        return { key, range_end: end.subarray(0, at + 1) };
      }
    }
    return { key: key.length === 0 ? Buffer.of(0) : key, range_end: Buffer.of(0) };
  }

  /** A key that any user of this namespace may read. */
  probe(): Buffer {
    return this.#namespace === '' ? Buffer.of(0) : Buffer.from(this.#namespace);
  }
}

export function entryOf(kv: IKeyValue, keys: EtcdKeys): Entry {
  const entry: Entry = {
    key: keys.textOf(kv.key),
    value: kv.value,
    revision: Number(kv.mod_revision),
  };
  if (kv.lease !== '0') entry.lease = kv.lease;
  return entry;
}

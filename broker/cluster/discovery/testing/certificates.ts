import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './peer-process.js';

export interface KeyPair {
  certfile: string;
  keyfile: string;
}

const openssl = (...args: string[]) => command('openssl', 'openssl', ...args);
const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority that a test makes for itself. */
export class TestAuthority implements KeyPair {
  readonly certfile: string;
  readonly keyfile: string;
  readonly #folder: string;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.certfile = join(folder, `${name}.crt`);
    this.keyfile = join(folder, `${name}.key`);
  }

  static async create(folder: string, name: string): Promise<TestAuthority> {
    const authority = new TestAuthority(folder, name);
    const { certfile, keyfile } = authority;
    const files = ['-keyout', keyfile, '-out', certfile];
    await openssl('req', '-x509', ...EC_KEY, ...files, '-days', '2', '-subj', `/CN=${name}`);
    return authority;
  }

  /** A certificate for `names` such as `IP:127.0.0.1` and `DNS:localhost`, good for server and client. */
  async issue(name: string, ...names: string[]): Promise<KeyPair> {
    const [csr, ext, certfile, keyfile] = ['csr', 'ext', 'crt', 'key'].map((ending) =>
      join(this.#folder, `${name}.${ending}`),
    ) as [string, string, string, string];
    const altNames = names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`;
    await writeFile(ext, `${altNames}extendedKeyUsage=serverAuth,clientAuth\n`);
    await openssl('req', ...EC_KEY, '-keyout', keyfile, '-out', csr, '-subj', `/CN=${name}`);
    await openssl(
      ...['x509', '-req', '-in', csr, '-CA', this.certfile, '-CAkey', this.keyfile],
      ...['-CAcreateserial', '-days', '2', '-extfile', ext, '-out', certfile],
    );
    return { certfile, keyfile };
  }
}

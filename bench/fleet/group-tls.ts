import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsClient } from '../device/mod.js';
import { connectionsOf } from '../scenario/gateways.js';
import type { GroupIdentity } from '../scenario/identity.js';
import type { Group, Scenario } from '../scenario/schema.js';
import { compileTemplate, type Template } from '../scenario/template.js';
import type { Tls } from '../scenario/tls.js';
import { tlsOf } from '../scenario/tls-of.js';
import { readCertificateTable } from './certificate-table.js';
import { FleetError } from './fleet-error.js';
import { TEST_CA_FILES } from './test-authority.js';

/** The files of one device's certificate; undefined where it shows none. */
export type CertificateFiles = { cert: string; key: string } | undefined;

/** What the connections of one group bring to a TLS handshake. */
export class GroupTls {
  readonly #where: string;
  readonly #tls: Tls;
  readonly #group: Group;
  readonly #identity: GroupIdentity;
  readonly #cert: Template;
  readonly #key: Template;
  readonly #table: readonly NonNullable<CertificateFiles>[] | undefined;
  readonly #trusted: Buffer | undefined;
  /** Where all devices show the same certificate, or none. */
  #shared: SecureContext | undefined;

  /** @throws FleetError CERTIFICATE when a file that all devices need cannot be used */
  constructor(scenario: Scenario, group: Group, identity: GroupIdentity) {
    const tls = tlsOf(scenario, group);
    this.#where = `group '${group.name}', tls`;
    this.#tls = tls;
    this.#group = group;
    this.#identity = identity;
    const { testCa } = tls;
    const ca = tls.ca ?? (testCa === undefined ? undefined : join(testCa, TEST_CA_FILES.ca));
    this.#cert = compileTemplate(
      testCa === undefined ? (tls.cert ?? '') : join(testCa, `${DEVICE_NAME}.pem`),
    );
    this.#key = compileTemplate(
      testCa === undefined ? (tls.key ?? '') : join(testCa, TEST_CA_FILES.deviceKey),
    );
    this.#table =
      tls.certificates === undefined
        ? undefined
        : readTable(tls.certificates, connectionsOf(group), this.#where);
    this.#trusted = ca === undefined ? undefined : readPem(ca, `${this.#where}: ca`);
  }

  /** What the group's certificates are named by, and their subject, under `testCa`. */
  deviceName(indexInGroup: number): string {
    return compileTemplate(DEVICE_NAME).render(this.#identity.valuesOfConnection(indexInGroup));
  }

  files(indexInGroup: number): CertificateFiles {
    if (this.#table !== undefined) return this.#table[indexInGroup];
    if (this.#cert.source === '') return undefined;
    const values = this.#identity.valuesOfConnection(indexInGroup);
    return { cert: this.#cert.render(values), key: this.#key.render(values) };
  }

  /**
   * @param host of the target's URL
   * @throws FleetError CERTIFICATE when the device's files cannot be used
   */
  client(indexInGroup: number, host: string): TlsClient {
    const { servername, alpn, verify = true, resume = false } = this.#tls;
    return {
      context: this.#context(indexInGroup),
      servername: servername ?? (isIP(host) === 0 ? host : undefined),
      alpn,
      verify,
      resume,
    };
  }

  #context(indexInGroup: number): SecureContext {
    const isShared = this.#table === undefined && this.#cert.isShared && this.#key.isShared;
    if (!isShared) return this.#newContext(this.files(indexInGroup));
    this.#shared ??= this.#newContext(this.files(indexInGroup));
    return this.#shared;
  }

  #newContext(files: CertificateFiles): SecureContext {
    const { minVersion, maxVersion, ciphers, signatureAlgorithms, keyExchange } = this.#tls;
    const own =
      files === undefined
        ? {}
        : {
            cert: readPem(files.cert, `${this.#where}: cert`),
            key: readPem(files.key, `${this.#where}: key`),
          };
    try {
      return createSecureContext({
        ...(this.#trusted === undefined ? {} : { ca: this.#trusted }),
        ...own,
        ...(minVersion === undefined ? {} : { minVersion }),
        ...(maxVersion === undefined ? {} : { maxVersion }),
        ...(ciphers === undefined ? {} : { ciphers }),
        ...(signatureAlgorithms === undefined ? {} : { sigalgs: signatureAlgorithms }),
        ...(keyExchange === undefined ? {} : { ecdhCurve: keyExchange }),
      });
    } catch (cause) {
      const unknown = unknownAlgorithm(this.#tls);
      if (unknown === undefined) throw unusable(this.#where, files, cause);
      throw new FleetError('CERTIFICATE', `${this.#where}: OpenSSL knows ${unknown}`, { cause });
    }
  }

  /**
   * Sees that every device has its files, and that those of the first and the last belong together.
   * @throws FleetError CERTIFICATE
   */
  check(exists: (file: string) => boolean): void {
    const last = connectionsOf(this.#group) - 1;
    const isShared = this.#table === undefined && this.#cert.isShared && this.#key.isShared;
    for (let index = 0; index <= (isShared ? 0 : last); index++) {
      for (const file of Object.values(this.files(index) ?? {})) {
        if (exists(file)) continue;
        const whose = isShared ? '' : `connection ${index} of ${last + 1} has no `;
        throw new FleetError(
          'CERTIFICATE',
          `${this.#where}: ${whose}${file}: there is no such file`,
        );
      }
    }
    this.#context(0);
    this.#context(last);
  }
}

/** OpenSSL says nothing of use about these. */
function unknownAlgorithm({ signatureAlgorithms, keyExchange }: Tls): string | undefined {
  const isKnown = (options: SecureContextOptions): boolean => {
    try {
      createSecureContext(options);
      return true;
    } catch {
      return false;
    }
  };
  if (signatureAlgorithms !== undefined && !isKnown({ sigalgs: signatureAlgorithms })) {
    return `no signature algorithms '${signatureAlgorithms}'`;
  }
  if (keyExchange !== undefined && !isKnown({ ecdhCurve: keyExchange })) {
    return `no groups '${keyExchange}' to exchange keys by`;
  }
  return undefined;
}

const DEVICE_NAME = '%g-%i';

function readTable(
  file: string,
  connections: number,
  where: string,
): readonly NonNullable<CertificateFiles>[] {
  const text = readPem(file, `${where}: certificates`).toString('utf8');
  const rows = readCertificateTable(text, file, where);
  if (rows.length < connections) {
    throw new FleetError(
      'CERTIFICATE',
      `${where}: certificates: ${file} has ${rows.length} rows, and the group has ${connections} connections`,
    );
  }
  const folder = dirname(file);
  return rows.map(({ cert, key }) => ({ cert: resolve(folder, cert), key: resolve(folder, key) }));
}

function readPem(file: string, where: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'it may not be read; check its permissions'
          : `it cannot be read (${code})`;
    throw new FleetError('CERTIFICATE', `${where}: ${file}: ${why}`, { cause });
  }
}

const OPENSSL_WORDS: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'the key is not that of the certificate',
  ERR_OSSL_PEM_NO_START_LINE: 'there is no PEM in it',
  ERR_OSSL_UNSUPPORTED: 'there is no PEM in it that OpenSSL knows',
  ERR_SSL_NO_CIPHER_MATCH: 'no cipher of that name',
};

function unusable(where: string, files: CertificateFiles, error: unknown): FleetError {
  const { code, message } = error as NodeJS.ErrnoException;
  const which = files === undefined ? '' : ` ${files.cert} and ${files.key}:`;
  const why = OPENSSL_WORDS[code ?? ''] ?? `${message}${code === undefined ? '' : ` (${code})`}`;
  return new FleetError('CERTIFICATE', `${where}:${which} ${why}`, { cause: error });
}

import { randomBytes, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { FleetError } from './fleet-error.js';

/** The files of a test authority's folder, beside `<group>-<number>.pem` for each device. */
export const TEST_CA_FILES = {
  ca: 'ca.pem',
  caKey: 'ca.key',
  server: 'server.pem',
  serverKey: 'server.key',
  /** All devices of a test have one key: what a handshake costs does not depend on it. */
  deviceKey: 'device.key',
} as const;

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const AUTHORITY = 'Fleetgauge test authority';
const DAY_MS = 86_400_000;
const VALID_DAYS = 365;
/** As many certificates are signed before any is written. */
const BATCH = 256;

type X509 = typeof import('@peculiar/x509');

/**
 * Makes a test authority in `folder`, and a certificate for a server with these names and addresses. What is
 * there already stays: a second call with other names issues a new server certificate of the same authority.
 * @throws FleetError CERTIFICATE when the folder cannot be written
 */
export async function createTestAuthority(folder: string, names: readonly string[]): Promise<void> {
  const x509 = await load();
  await guarded(folder, async () => {
    await mkdir(folder, { recursive: true });
    if (!existsSync(join(folder, TEST_CA_FILES.ca))) {
      const keys = await newKeys();
      const ca = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: newSerial(),
        // OpenSSL looks for an issuer by its subject: two authorities of one name would be taken for each other.
        name: [{ CN: [`${AUTHORITY} ${randomBytes(4).toString('hex')}`] }],
        ...validity(),
        signingAlgorithm: SIGNING,
        keys,
        extensions: [
          new x509.BasicConstraintsExtension(true, 0, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      await writeKey(folder, TEST_CA_FILES.caKey, keys);
      await writeFile(join(folder, TEST_CA_FILES.ca), `${ca.toString('pem')}\n`);
    }
    const authority = await Authority.open(x509, folder);
    const keys = await newKeys();
    const server = await authority.issue(names[0]!, keys.publicKey, names);
    await writeKey(folder, TEST_CA_FILES.serverKey, keys);
    await writeFile(join(folder, TEST_CA_FILES.server), server);
  });
}

/**
 * Issues a client certificate to each device that has none yet: `<name>.pem` with the name as its subject.
 * @throws FleetError CERTIFICATE when there is no test authority in the folder, or it cannot be written
 */
export async function issueDeviceCertificates(
  folder: string,
  names: readonly string[],
): Promise<void> {
  const missing = names.filter((name) => !existsSync(join(folder, `${name}.pem`)));
  if (missing.length === 0) return;
  const x509 = await load();
  await guarded(folder, async () => {
    const authority = await Authority.open(x509, folder);
    const publicKey = await devicePublicKey(folder);
    for (let at = 0; at < missing.length; at += BATCH) {
      await Promise.all(
        missing.slice(at, at + BATCH).map(async (name) => {
          await writeFile(join(folder, `${name}.pem`), await authority.issue(name, publicKey));
        }),
      );
    }
  });
}

/** Signs with the key of a folder's authority. */
class Authority {
  readonly #x509: X509;
  readonly #key: webcrypto.CryptoKey;
  readonly #subject: string;

  private constructor(x509: X509, key: webcrypto.CryptoKey, subject: string) {
    this.#x509 = x509;
    this.#key = key;
    this.#subject = subject;
  }

  static async open(x509: X509, folder: string): Promise<Authority> {
    const file = join(folder, TEST_CA_FILES.caKey);
    if (!existsSync(file)) {
      throw new FleetError(
        'CERTIFICATE',
        `testCa: there is no test authority in ${folder}: make it with 'fleetgauge certs ${folder}'`,
      );
    }
    const ca = new x509.X509Certificate(await readFile(join(folder, TEST_CA_FILES.ca), 'utf8'));
    return new Authority(x509, await readKey(file), ca.subject);
  }

  /** PEM. @param serverNames names and addresses of a server; a device's certificate has none */
  async issue(
    subject: string,
    publicKey: webcrypto.CryptoKey,
    serverNames: readonly string[] = [],
  ): Promise<string> {
    const x509 = this.#x509;
    const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
    const isServer = serverNames.length > 0;
    const alternatives = serverNames.map((value) => ({
      type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
      value,
    }));
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: [{ CN: [subject] }],
      issuer: this.#subject,
      ...validity(),
      signingAlgorithm: SIGNING,
      publicKey,
      signingKey: this.#key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([isServer ? serverAuth : clientAuth]),
        ...(isServer ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }
}

async function load(): Promise<X509> {
  // Loaded here, for it takes a tenth of a second and most commands do without. It does not start without the first.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

async function guarded(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new FleetError('CERTIFICATE', `certificates in ${folder}: ${code}`, { cause });
  }
}

async function devicePublicKey(folder: string): Promise<webcrypto.CryptoKey> {
  const file = join(folder, TEST_CA_FILES.deviceKey);
  if (!existsSync(file)) await writeKey(folder, TEST_CA_FILES.deviceKey, await newKeys());
  const jwk = await webcrypto.subtle.exportKey('jwk', await readKey(file));
  const { kty, crv, x, y } = jwk;
  return webcrypto.subtle.importKey(
    'jwk',
    { kty, crv, x, y } as webcrypto.JsonWebKey,
    CURVE,
    true,
    ['verify'],
  );
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
}

/** Positive and not zero, as RFC 5280 §4.1.2.2 has it. */
function newSerial(): string {
  return `01${randomBytes(15).toString('hex')}`;
}

/** From yesterday on, for clocks differ. */
function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + VALID_DAYS * DAY_MS) };
}

async function writeKey(
  folder: string,
  file: string,
  keys: webcrypto.CryptoKeyPair,
): Promise<void> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''];
  await writeFile(join(folder, file), pem.join('\n'), { mode: 0o600 });
}

async function readKey(file: string): Promise<webcrypto.CryptoKey> {
  const text = await readFile(file, 'utf8');
  const bytes = Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', bytes, CURVE, true, ['sign']);
}

import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export interface KeyPair {
  cert: string;
  key: string;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const VALID = { notBefore: new Date('2020-01-01'), notAfter: new Date('2099-12-31') };

/** A certificate authority that a test makes for itself, in memory. */
export class TestAuthority {
  /** As PEM. */
  readonly cert: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #subject: string;

  private constructor(subject: string, keys: webcrypto.CryptoKeyPair, cert: string) {
    this.#subject = subject;
    this.#keys = keys;
    this.cert = cert;
  }

  static async create(name: string): Promise<TestAuthority> {
    const keys = await newKeys();
    const cert = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: `CN=${name}`,
      ...VALID,
      signingAlgorithm: SIGNING,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    });
    return new TestAuthority(`CN=${name}`, keys, cert.toString('pem'));
  }

  /** @param dns names that the certificate is good for, as a server's; none for a device's */
  async issue(name: string, dns: readonly string[] = []): Promise<KeyPair> {
    const keys = await newKeys();
    const names = dns.map((value) => ({ type: 'dns' as const, value }));
    const cert = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.#subject,
      ...VALID,
      signingAlgorithm: SIGNING,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const lines = der.toString('base64').replace(/.{64}/g, '$&\n');
    return {
      cert: cert.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
    };
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
}

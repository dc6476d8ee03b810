import { createECDH, scrypt, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type { X509Certificate } from '@peculiar/x509';

/** A certificate, its key and who vouches for it, as PEM. */
export interface Identity {
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

/** What the members of one managed etcd cluster and its clients show each other. */
export interface CookieCertificates {
  /** Of a member that others reach at this address or name. */
  server: Identity;
  /** And the name that all members have, beside that of their host. */
  client: Identity & { serverName: string };
}

export interface CookieCertificatesOptions {
  /** The secret that all nodes of the cluster have. */
  cookie: string;
  /** Clusters of different names do not know each other, whatever their cookies. */
  cluster: string;
  host: string;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const COORDINATE_BYTES = 32;
/** Order of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** 64 bits more than the order has, so that the remainder favours no key (FIPS 186-5 A.2.1). */
const SEED_BYTES = 40;
/**
 * Whoever connects is shown a certificate, and can try cookies by its signature for as long as it likes. So a try
 * costs 64 MiB and a fifth of a second, once at each start here.
 */
const SLOW = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 } as const;
/**
 * Who knows the cookie can issue any certificate at any time, so a date would keep out nobody but a node whose
 * clock is wrong. The end is that of RFC 5280 §4.1.2.5: none.
 */
const VALID = {
  notBefore: new Date('2000-01-01T00:00:00Z'),
  notAfter: new Date('9999-12-31T23:59:59Z'),
};
const MEMBER_NAME = 'member.fleetgauge.internal';
const SUBJECT = 'CN=Fleetgauge managed etcd';

/**
 * Certificates that follow from the cookie: every node derives the key of the same authority from it and has that
 * vouch for a new key of its own. So all nodes know each other, and nobody else, without any exchange.
 */
export async function cookieCertificates({
  cookie,
  cluster,
  host,
}: CookieCertificatesOptions): Promise<CookieCertificates> {
  // Loaded here, for it takes a tenth of a second and most commands do without. It does not start without the first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { BasicConstraintsExtension, KeyUsagesExtension, ExtendedKeyUsageExtension } = x509;
  const { KeyUsageFlags, SubjectAlternativeNameExtension, X509CertificateGenerator } = x509;
  const authority = await keysOf(await authorityKey(cookie, cluster));
  const identifier = await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey);
  const ca = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: SUBJECT,
    ...VALID,
    signingAlgorithm: SIGNING,
    keys: authority,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  const issue = async (role: 'server' | 'client'): Promise<Identity> => {
    const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
    const names = [
      { type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host },
      { type: 'dns' as const, value: MEMBER_NAME },
    ];
    const cert = await X509CertificateGenerator.create({
      subject: `CN=${role}`,
      issuer: SUBJECT,
      ...VALID,
      signingAlgorithm: SIGNING,
      publicKey: keys.publicKey,
      signingKey: authority.privateKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        // A member is a client of the other members.
        new ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.clientAuth,
          ...(role === 'server' ? [x509.ExtendedKeyUsage.serverAuth] : []),
        ]),
        identifier,
        // Without a name in it, etcd takes a client from wherever it comes.
        ...(role === 'server' ? [new SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return { ca: pemOf(ca), cert: pemOf(cert), key: await privatePem(keys.privateKey) };
  };
  const [server, client] = [await issue('server'), await issue('client')];
  return { server, client: { ...client, serverName: MEMBER_NAME } };
}

/** The same number in [1, order) for the same cookie and cluster. */
async function authorityKey(cookie: string, cluster: string): Promise<Buffer> {
  const salt = `fleetgauge managed etcd 1 ${cluster}`;
  const seed = await new Promise<Buffer>((resolve, reject) => {
    scrypt(cookie, salt, SEED_BYTES, SLOW, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
  const number = (BigInt(`0x${seed.toString('hex')}`) % (ORDER - 1n)) + 1n;
  return Buffer.from(number.toString(16).padStart(2 * COORDINATE_BYTES, '0'), 'hex');
}

async function keysOf(scalar: Buffer): Promise<webcrypto.CryptoKeyPair> {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(scalar);
  const point = pair.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: CURVE.namedCurve,
    x: point.subarray(1, 1 + COORDINATE_BYTES).toString('base64url'),
    y: point.subarray(1 + COORDINATE_BYTES).toString('base64url'),
  };
  const d = scalar.toString('base64url');
  return {
    publicKey: await webcrypto.subtle.importKey('jwk', jwk, CURVE, true, ['verify']),
    privateKey: await webcrypto.subtle.importKey('jwk', { ...jwk, d }, CURVE, true, ['sign']),
  };
}

function pemOf(certificate: X509Certificate): Buffer {
  return Buffer.from(`${certificate.toString('pem')}\n`);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<Buffer> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = bytes.match(/.{1,64}/g) ?? [];
  return Buffer.from(
    ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n'),
  );
}

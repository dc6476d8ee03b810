import { z } from 'zod';
import { flag, mapping, text } from './fields.js';

/** TLS versions from old to new, as OpenSSL and Node call them. */
export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

const version = z.literal(TLS_VERSIONS, { error: `one of ${TLS_VERSIONS.join(', ')}` });

/** Files are named from the folder that the run is started in. */
export const tlsSchema = mapping({
  /** PEM file of who is trusted, instead of the system's authorities or the test authority. */
  ca: text.optional(),
  /** PEM files of the device's own certificate and key; with placeholders each device has its own. */
  cert: text.optional(),
  key: text.optional(),
  /** CSV file with the columns `cert` and `key`: row n is the group's n-th device's. */
  certificates: text.optional(),
  /** Folder of a test authority (`fleetgauge certs`): trusted, and issues a certificate to each device. */
  testCa: text.optional(),
  /** SNI, and the name that the target's certificate must have, instead of the target's host. */
  servername: text.optional(),
  alpn: z.array(text, { error: 'a list of protocol names such as [mqtt]' }).optional(),
  verify: flag.optional(),
  minVersion: version.optional(),
  maxVersion: version.optional(),
  ciphers: text.optional(),
  signatureAlgorithms: text.optional(),
  keyExchange: text.optional(),
  resume: flag.optional(),
});

export type Tls = z.output<typeof tlsSchema>;

/**
 * What TLS calls what went wrong, in words of the one who has to put it right. The codes are Node's for what
 * this side found (X509_V_ERR_… of OpenSSL, ERR_TLS_…) and OpenSSL's for what the target said (RFC 8446 §6).
 */
const TLS_WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the target's certificate has expired",
  CERT_NOT_YET_VALID: "the target's certificate is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the target's certificate is self-signed and not trusted",
  SELF_SIGNED_CERT_IN_CHAIN: "the target's certificate is of an authority that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT: "the target's certificate is of an authority that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the target's certificate is of an authority that is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the target's certificate is of an authority that is not trusted",
  CERT_SIGNATURE_FAILURE: "the target's certificate is not signed by the authority it names",
  CERT_REVOKED: "the target's certificate is revoked",
  INVALID_PURPOSE: "the target's certificate is not one for servers",
  ERR_TLS_CERT_ALTNAME_INVALID: "the target's certificate is for other host names",
  ERR_SSL_WRONG_VERSION_NUMBER: 'the target does not speak TLS on this port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the target does not speak TLS on this port',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the target has no TLS version that this side takes',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the target takes no TLS version that this side offers',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'no TLS version is left between minVersion and maxVersion',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the target knows none of the ALPN protocols',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the target does not know the servername',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the target refuses the handshake (a client certificate is missing, or no cipher is common)',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the target asks for a client certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'the target refuses the client certificate: it is of an authority that it does not trust',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the target refuses the client certificate',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    'the target refuses the client certificate: it is not one for clients',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'the target refuses the client certificate: revoked',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the target refuses the client certificate: expired',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'the target refuses the client certificate',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'the target refuses the client certificate: access denied',
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR:
    'the target refuses the signature in or by the client certificate',
  ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR: 'the target reports an error of its own',
};

/** A socket's error as the name it is counted by: a code, with words where a code is not enough. */
export function socketError(error: NodeJS.ErrnoException): string {
  const { code, message } = error;
  if (code === undefined) return message;
  // Node's word for a connection that ends before TLS is through with its handshake.
  if (code === 'ECONNRESET' && message.includes('before secure TLS connection')) {
    return duringHandshake(code);
  }
  const words = TLS_WORDS[code];
  if (words !== undefined) return `TLS: ${words} (${code})`;
  return /^(?:ERR_SSL|ERR_TLS|CERT_|UNABLE_TO)/.test(code) ? `TLS: ${code}` : code;
}

/** @param reason why a connection ended whose TLS handshake was under way */
export function duringHandshake(reason: string): string {
  if (reason !== '' && reason !== 'ECONNRESET' && reason !== 'EPIPE') return reason;
  return 'TLS: closed by the target during the handshake';
}

/**
 * Under TLS 1.3 a target looks at the client's certificate when this side is through with its handshake already
 * (RFC 8446 §4.4.2.4), and the reset of the connection may overtake the alert that says so.
 * @param reason why a connection ended on which nothing was received after the handshake
 */
export function afterHandshake(reason: string): string {
  if (reason !== '' && reason !== 'ECONNRESET' && reason !== 'EPIPE') return reason;
  return 'TLS: closed by the target right after the handshake: it may ask for a client certificate, or refuse it';
}

import { createHmac } from 'node:crypto';

/**
 * Shared access signatures of Azure IoT Hub: the password of a device that has a symmetric key. HMAC-SHA256
 * with the decoded key over `{url-encoded resource}\n{expiry}`.
 */
export interface SasGrant {
  /** What it opens: `{host}/devices/{id}`, or `{host}` by a policy of the hub. */
  readonly resource: string;
  /** In base64, as the portal shows it. */
  readonly key: string;
  /** Seconds since 1970. */
  readonly expirySec: number;
  /** The hub's policy that the key belongs to; left out when it is a device's own. */
  readonly policy?: string;
}

export function sasToken({ resource, key, expirySec, policy }: SasGrant): string {
  const sr = encodeURIComponent(resource);
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${sr}\n${expirySec}`)
    .digest('base64');
  const fields = `sr=${sr}&sig=${encodeURIComponent(signature)}&se=${expirySec}`;
  return `SharedAccessSignature ${fields}${policy === undefined ? '' : `&skn=${encodeURIComponent(policy)}`}`;
}

/** The key of one device of an enrolment group: HMAC-SHA256 of its id with the group's key. */
export function derivedDeviceKey(groupKey: string, deviceId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(deviceId).digest('base64');
}

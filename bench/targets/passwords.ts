import type { ProfileChoice } from '../scenario/schema.js';
import { derivedDeviceKey, sasToken } from './sas-token.js';

export class TargetKeyError extends Error {
  readonly code = 'TARGET_KEY_MISSING';

  constructor(variable: string, why: string) {
    super(`profile.sas.keyEnv: the variable ${variable} ${why}; set it to the key in base64`);
    this.name = 'TargetKeyError';
  }
}

/** The password of a device, by its client id, at the moment it connects. */
export type PasswordOf = (clientId: string) => string;

/**
 * Tokens instead of written passwords, for a profile that has `sas`; undefined for others. The key comes
 * from the environment, so that it is in no scenario and no record.
 * @param wallUs µs since 1970
 * @throws TargetKeyError when the variable is not set or holds no base64
 */
export function passwordsOf(
  choice: ProfileChoice | undefined,
  env: Readonly<Record<string, string | undefined>>,
  wallUs: () => number,
): PasswordOf | undefined {
  if (choice?.sas === undefined) return undefined;
  const { keyEnv, keyOf, policy, lifetimeUs } = choice.sas;
  const host = choice.host ?? '';
  const key = env[keyEnv];
  if (key === undefined || key === '') throw new TargetKeyError(keyEnv, 'is not set');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key) || key.length % 4 !== 0) {
    throw new TargetKeyError(keyEnv, 'does not hold base64');
  }
  const expirySec = () => Math.floor((wallUs() + lifetimeUs) / 1_000_000);
  switch (keyOf) {
    case 'policy':
      return () => sasToken({ resource: host, key, expirySec: expirySec(), policy });
    case 'group':
      return (clientId) =>
        sasToken({
          resource: `${host}/devices/${clientId}`,
          key: derivedDeviceKey(key, clientId),
          expirySec: expirySec(),
        });
    case 'device':
      return (clientId) =>
        sasToken({ resource: `${host}/devices/${clientId}`, key, expirySec: expirySec() });
  }
}

/** Targets that people have: their rules and quotas as data, checked before a run; their credentials. */
export { type PasswordOf, passwordsOf, TargetKeyError } from './passwords.js';
export type { Endpoint, Quotas, TargetProfile } from './profile.js';
export { TARGET_PROFILES, targetProfile } from './profiles.js';

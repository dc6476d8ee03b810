import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from './cookie-certificates.js';

/** Where the parts of an identity are, for a program that takes files only. */
export interface IdentityFiles {
  ca: string;
  cert: string;
  key: string;
}

/** Writes them new, for the owner's eyes only, whatever was there. */
export async function writeIdentity(folder: string, identity: Identity): Promise<IdentityFiles> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = {
    ca: join(folder, 'ca.pem'),
    cert: join(folder, 'cert.pem'),
    key: join(folder, 'key.pem'),
  };
  await writeFile(files.ca, identity.ca, { mode: 0o600 });
  await writeFile(files.cert, identity.cert, { mode: 0o600 });
  await writeFile(files.key, identity.key, { mode: 0o600 });
  return files;
}

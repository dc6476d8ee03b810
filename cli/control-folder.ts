import { tmpdir } from 'node:os';
import { controlFolder } from '../broker/mod.js';

/** Where this user's nodes on this machine take commands. */
export function controlFolderHere(): string {
  return controlFolder(process.env, tmpdir(), process.getuid?.() ?? 0);
}

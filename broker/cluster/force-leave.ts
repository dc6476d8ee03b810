import { setTimeout as passed } from 'node:timers/promises';
import { CallError } from './calls.js';
import type { Links } from './links.js';
import type { Members } from './members.js';

const CALL_TIMEOUT_MS = 15_000;
/** From its answer until this node's copy shows that it is gone. */
const GONE_TIMEOUT_MS = 2000;
const LOOK_AGAIN_MS = 20;

export interface ForceLeaveParts {
  readonly links: Links;
  readonly members: Members;
  say(line: string): void;
}

/** Tells a node that runs to leave the cluster. Whether it has left; one that there is no contact to has not. */
export async function tellToLeave(name: string, parts: ForceLeaveParts): Promise<boolean> {
  const { links, members, say } = parts;
  const link = links.get(name);
  if (link === undefined) return false;
  try {
    await link.call('leave', null, CALL_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    // It leaves, and our link to it ends: the answer may be lost by that.
    if (error.code !== 'LINK_LOST') {
      say(`'${name}' does not leave by itself: ${error.message}`);
      return false;
    }
  }
  const endMs = performance.now() + GONE_TIMEOUT_MS;
  while (members.has(name) && performance.now() < endMs) await passed(LOOK_AGAIN_MS);
  return !members.has(name);
}

import { isIP } from 'node:net';
import { type Document, isMap, isSeq } from 'yaml';
import { parseTarget, TargetError } from '../scenario/target.js';
import { targetProfile } from './profiles.js';

/** `--profile NAME`: what else the scenario says of its profile stays. */
export function nameProfile(document: Document, name: string): void {
  if (isMap(document.get('profile', true))) document.setIn(['profile', 'name'], name);
  else if (isMap(document.contents)) document.set('profile', document.createNode({ name }));
}

/** Fills in what groups leave out and the target wants: protocol version, form of the user name. */
export function fillFromProfile(document: Document): void {
  if (!isMap(document.contents)) return;
  const choice = document.get('profile', true);
  const name = isMap(choice) ? choice.get('name') : document.get('profile');
  const profile = typeof name === 'string' ? targetProfile(name) : undefined;
  const groups = document.get('groups', true);
  if (profile === undefined || !isSeq(groups)) return;
  if (profile.needsHost !== undefined) nameHost(document, profile.name);
  const host = document.getIn(['profile', 'host']);
  const defaults = { protocol: profile.protocols[0], ...profile.defaults };
  for (const group of groups.items) {
    if (!isMap(group)) continue;
    for (const [key, value] of Object.entries(defaults)) {
      if (group.has(key)) continue;
      const text = typeof value === 'string' ? value.replace('{host}', String(host)) : value;
      group.set(key, document.createNode(text));
    }
  }
}

/** A target by its own name says what the platform's name is. */
function nameHost(document: Document, name: string): void {
  if (document.hasIn(['profile', 'host'])) return;
  const target = document.get('target');
  const first = isSeq(target) ? target.get(0) : target;
  const host = typeof first === 'string' ? hostOf(first) : undefined;
  if (host === undefined || isIP(host) !== 0) return;
  nameProfile(document, name);
  document.setIn(['profile', 'host'], host);
}

function hostOf(url: string): string | undefined {
  try {
    return parseTarget(url).host;
  } catch (error) {
    if (error instanceof TargetError) return undefined;
    throw error;
  }
}

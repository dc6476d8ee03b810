import { type Document, isMap, isSeq } from 'yaml';
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
  const host = isMap(choice) ? choice.get('host') : undefined;
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

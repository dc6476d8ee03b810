import { awsIotCore, azureIotHub, ibmWatsonIot } from './cloud.js';
import type { TargetProfile } from './profile.js';
import { activemq, aedes, emqx, hivemq, mosca, mosquitto, rabbitmq } from './self-hosted.js';

/** All that `profile:` and `--profile` may name. */
export const TARGET_PROFILES: readonly TargetProfile[] = [
  mosquitto,
  rabbitmq,
  activemq,
  aedes,
  mosca,
  emqx,
  hivemq,
  awsIotCore,
  azureIotHub,
  ibmWatsonIot,
];

export function targetProfile(name: string): TargetProfile | undefined {
  return TARGET_PROFILES.find((profile) => profile.name === name);
}

import { z } from 'zod';
import { DiscoveryError } from './errors.js';
import { sortedUnique } from './node-name.js';

/** How the node at an address is called. */
export type K8sAddressType = 'ip' | 'dns' | 'hostname';

export interface K8sNaming {
  app: string;
  addressType: K8sAddressType;
  serviceName: string;
  namespace: string;
  /** Ends the names of `dns` and `hostname`. */
  suffix: string;
}

/**
 * The part of an Endpoints object (core/v1) that matters here. `notReadyAddresses` is no part of it: a pod that
 * is not ready is in `addresses` if the service publishes it all the same (`publishNotReadyAddresses`).
 */
const Endpoints = z.object({
  kind: z.literal('Endpoints'),
  subsets: z
    .array(
      z.object({
        addresses: z.array(z.object({ ip: z.string(), hostname: z.string().optional() })).nullish(),
      }),
    )
    .nullish(),
});

/** Names of the nodes in the API server's answer. */
export function nodesOfEndpoints(json: string, naming: K8sNaming): string[] {
  const addresses = (parse(json).subsets ?? []).flatMap((subset) => subset.addresses ?? []);
  const { app, serviceName } = naming;
  const hosts = addresses
    .map((address) => hostOf(address, naming))
    .filter((host) => host !== undefined);
  if (hosts.length === 0 && addresses.length > 0) {
    throw new DiscoveryError(
      'K8S_NO_HOSTNAMES',
      `the endpoints of service ${serviceName} have no hostnames: run a StatefulSet whose serviceName is ${serviceName}, or set cluster.k8s.address_type = ip`,
    );
  }
  return sortedUnique(hosts.map((host) => `${app}@${host}`));
}

type Address = { ip: string; hostname?: string | undefined };

/** Undefined: the address has no such name. */
function hostOf({ ip, hostname }: Address, naming: K8sNaming): string | undefined {
  const { addressType, serviceName, namespace, suffix } = naming;
  switch (addressType) {
    case 'ip':
      return ip;
    case 'dns':
      return `${ip.replace(/[.:]/g, '-')}.${namespace}.${suffix}`;
    case 'hostname':
      return hostname && `${hostname}.${serviceName}.${namespace}.${suffix}`;
  }
}

function parse(json: string): z.infer<typeof Endpoints> {
  try {
    return Endpoints.parse(JSON.parse(json));
  } catch (error) {
    throw new DiscoveryError(
      'K8S_BAD_ANSWER',
      'what answers is not a Kubernetes API server, or not one with v1 Endpoints: correct cluster.k8s.apiserver',
      { cause: error },
    );
  }
}

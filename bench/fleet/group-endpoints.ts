import { type Endpoint, EndpointError } from '../device/mod.js';
import type { GroupIdentity } from '../scenario/identity.js';
import type { Group, Scenario } from '../scenario/schema.js';
import { isTls, isWebSocket } from '../scenario/target.js';
import type { AddressPair } from './address-pairs.js';
import { FleetError } from './fleet-error.js';
import { GroupTls } from './group-tls.js';
import type { Ways } from './ways.js';

/** Where each device of one group connects, and with what certificate. */
export class GroupEndpoints {
  readonly #ways: Ways;
  readonly #tls: GroupTls | undefined;

  constructor(scenario: Scenario, group: Group, identity: GroupIdentity, ways: Ways) {
    this.#ways = ways;
    const needed = ways.pairs.some(({ target }) => isTls(target));
    this.#tls = needed ? new GroupTls(scenario, group, identity) : undefined;
  }

  /**
   * @param device number in the fleet
   * @throws EndpointError when the device's own certificate cannot be used
   */
  of(device: number, indexInGroup: number): Endpoint {
    try {
      return this.on(this.#ways.of(device), indexInGroup);
    } catch (cause) {
      if (!(cause instanceof FleetError)) throw cause;
      throw new EndpointError(cause.message, { cause });
    }
  }

  /**
   * The endpoint on one pair of addresses, whichever device has it.
   * @throws FleetError CERTIFICATE
   */
  on(pair: AddressPair, indexInGroup: number): Endpoint {
    const { target, address, sourceAddress } = pair;
    const { host, port, path } = target;
    return {
      address,
      port,
      sourceAddress,
      ports: this.#ways.ports(pair),
      tls: isTls(target) ? this.#tls!.client(indexInGroup, host) : undefined,
      webSocket: isWebSocket(target)
        ? { path, host: `${host.includes(':') ? `[${host}]` : host}:${port}` }
        : undefined,
    };
  }
}

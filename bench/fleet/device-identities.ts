import type { DeviceFilter, DeviceIdentity } from '../device/mod.js';
import { devicesOn, firstDeviceOn, isPerDevice } from '../scenario/gateways.js';
import type { GroupIdentity } from '../scenario/identity.js';
import {
  ConnectPropertyTemplates,
  MessagePropertyTemplates,
  UserPropertyTemplates,
} from '../scenario/property-template.js';
import type { Group } from '../scenario/schema.js';
import { subscriptionsOf } from '../scenario/subscriptions.js';
import { compileTemplate, type Template, type TemplateValues } from '../scenario/template.js';
import { packetOfSubscriptions } from './mqtt5-program.js';

/** One filter of the scenario, for each device of a connection or once for all of them. */
interface DeviceFilters {
  readonly perDevice: boolean;
  /** @param connection whose user properties the packet has: it has one list for all of its filters */
  render(values: TemplateValues, connection: TemplateValues): DeviceFilter;
}

/**
 * Renders what the connections of one group say of themselves: client id, credentials, will, filters. Those of
 * a gateway are those of all its devices, and one that is the same for each of them is there once.
 */
export class DeviceIdentities {
  readonly #group: Group;
  readonly #identity: GroupIdentity;
  readonly #password: Template;
  readonly #willTopic: Template;
  readonly #willPayload: Template;
  readonly #willProperties: MessagePropertyTemplates | undefined;
  readonly #properties: ConnectPropertyTemplates | undefined;
  readonly #filters: readonly DeviceFilters[];

  constructor(group: Group, identity: GroupIdentity) {
    this.#group = group;
    this.#identity = identity;
    this.#password = compileTemplate(group.password ?? '');
    this.#willTopic = compileTemplate(group.will?.topic ?? '');
    this.#willPayload = compileTemplate(group.will?.payload ?? '');
    const { will, properties } = group;
    this.#willProperties =
      will?.properties === undefined ? undefined : new MessagePropertyTemplates(will.properties);
    this.#properties =
      properties === undefined ? undefined : new ConnectPropertyTemplates(properties);
    this.#filters = filterTemplates(group);
  }

  /** @param connection index in the group */
  identity(connection: number): DeviceIdentity {
    const values = this.#identity.valuesOfConnection(connection);
    const password =
      this.#identity.passwordOf(connection) ??
      (this.#group.password === undefined ? undefined : this.#password.render(values));
    return {
      clientId: values.clientId,
      ...(values.username === '' && this.#group.username === undefined
        ? {}
        : { username: values.username }),
      ...(password === undefined ? {} : { password }),
      ...this.#will(values),
      ...(this.#properties === undefined ? {} : { properties: this.#properties.render(values) }),
      filters: this.#filters.flatMap(({ perDevice, render }) =>
        perDevice
          ? this.#devicesOn(connection).map((own) => render(own, values))
          : [render(values, values)],
      ),
    };
  }

  #devicesOn(connection: number): TemplateValues[] {
    const first = firstDeviceOn(this.#group, connection);
    const length = devicesOn(this.#group, connection);
    return Array.from({ length }, (_, k) => this.#identity.valuesOf(first + k, 0));
  }

  #will(values: TemplateValues): Pick<DeviceIdentity, 'will'> {
    const { will, protocol } = this.#group;
    if (will === undefined) return {};
    const willDelayInterval = will.delayUs / 1_000_000;
    return {
      will: {
        topic: this.#willTopic.render(values),
        payload: Buffer.from(this.#willPayload.render(values)),
        qos: will.qos,
        retain: will.retain,
        ...(protocol === 5 && (willDelayInterval > 0 || this.#willProperties !== undefined)
          ? {
              properties: {
                ...(willDelayInterval > 0 ? { willDelayInterval } : {}),
                ...this.#willProperties?.render(values),
              },
            }
          : {}),
      },
    };
  }
}

/** What MQTT 5 has besides filter and QoS is there only where the scenario says it: a million devices have plain ones. */
function filterTemplates(group: Group): DeviceFilters[] {
  const packets = packetOfSubscriptions(group);
  return subscriptionsOf(group).map(({ filter, qos, userProperties, ...options }, k) => {
    const template = compileTemplate(filter);
    const perDevice = isPerDevice(group, filter);
    const packet = packets[k]!;
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    if (given.length === 0 && userProperties === undefined && packet === 1) {
      return { perDevice, render: (values) => ({ filter: template.render(values), qos }) };
    }
    const pairs =
      userProperties === undefined ? undefined : new UserPropertyTemplates(userProperties);
    const render = (values: TemplateValues, connection: TemplateValues) => ({
      filter: template.render(values),
      qos,
      ...Object.fromEntries(given),
      ...(pairs === undefined ? {} : { userProperties: pairs.render(connection) }),
      packet,
    });
    return { perDevice, render };
  });
}

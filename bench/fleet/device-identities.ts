import type { DeviceIdentity } from '../device/mod.js';
import { devicesOn, firstDeviceOn, isPerDevice } from '../scenario/gateways.js';
import type { GroupIdentity } from '../scenario/identity.js';
import type { Group } from '../scenario/schema.js';
import { compileTemplate, type Template, type TemplateValues } from '../scenario/template.js';

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
  readonly #filters: readonly { filter: Template; qos: 0 | 1 | 2; perDevice: boolean }[];

  constructor(group: Group, identity: GroupIdentity) {
    this.#group = group;
    this.#identity = identity;
    this.#password = compileTemplate(group.password ?? '');
    this.#willTopic = compileTemplate(group.will?.topic ?? '');
    this.#willPayload = compileTemplate(group.will?.payload ?? '');
    this.#filters = group.subscribe.map(({ filter, qos }) => ({
      filter: compileTemplate(filter),
      qos,
      perDevice: isPerDevice(group, filter),
    }));
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
      filters: this.#filters.flatMap(({ filter, qos, perDevice }) =>
        perDevice
          ? this.#devicesOn(connection).map((own) => ({ filter: filter.render(own), qos }))
          : [{ filter: filter.render(values), qos }],
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
        ...(protocol === 5 && willDelayInterval > 0 ? { properties: { willDelayInterval } } : {}),
      },
    };
  }
}

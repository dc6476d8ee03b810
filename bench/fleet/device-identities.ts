import type { DeviceIdentity } from '../device/mod.js';
import type { GroupIdentity } from '../scenario/identity.js';
import type { Group } from '../scenario/schema.js';
import { compileTemplate, type Template, type TemplateValues } from '../scenario/template.js';

/** Renders what the devices of one group say of themselves: client id, credentials, will, filters. */
export class DeviceIdentities {
  readonly #group: Group;
  readonly #identity: GroupIdentity;
  readonly #password: Template;
  readonly #willTopic: Template;
  readonly #willPayload: Template;
  readonly #filters: readonly { filter: Template; qos: 0 | 1 | 2 }[];

  constructor(group: Group, identity: GroupIdentity) {
    this.#group = group;
    this.#identity = identity;
    this.#password = compileTemplate(group.password ?? '');
    this.#willTopic = compileTemplate(group.will?.topic ?? '');
    this.#willPayload = compileTemplate(group.will?.payload ?? '');
    this.#filters = group.subscribe.map(({ filter, qos }) => ({
      filter: compileTemplate(filter),
      qos,
    }));
  }

  identity(indexInGroup: number): DeviceIdentity {
    const values = this.#identity.valuesOf(indexInGroup, 0);
    const password =
      this.#identity.passwordOf(indexInGroup) ??
      (this.#group.password === undefined ? undefined : this.#password.render(values));
    return {
      clientId: values.clientId,
      ...(values.username === '' && this.#group.username === undefined
        ? {}
        : { username: values.username }),
      ...(password === undefined ? {} : { password }),
      ...this.#will(values),
      filters: this.#filters.map(({ filter, qos }) => ({ filter: filter.render(values), qos })),
    };
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

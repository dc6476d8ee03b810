import type { ConnectProperties, PublishProperties } from '../../wire/mod.js';
import type {
  ConnectPropertySpec,
  PublishPropertySpec,
  UserPropertySpec,
  WillPropertySpec,
} from './property-schema.js';
import { compileTemplate, type Template, type TemplateValues } from './template.js';

const US_PER_SEC = 1_000_000;

/** User properties, their placeholders filled in. */
export class UserPropertyTemplates {
  readonly templates: readonly (readonly [Template, Template])[];

  constructor(spec: UserPropertySpec = []) {
    this.templates = spec.map(([name, text]) => [compileTemplate(name), compileTemplate(text)]);
  }

  render(values: TemplateValues): [string, string][] {
    return this.templates.map(([name, text]) => [name.render(values), text.render(values)]);
  }
}

/** What a CONNECT has of properties besides the session's expiry. */
export class ConnectPropertyTemplates {
  readonly #fixed: ConnectProperties;
  readonly #user: UserPropertyTemplates;

  constructor({ userProperties, ...fixed }: ConnectPropertySpec) {
    this.#fixed = given(fixed);
    this.#user = new UserPropertyTemplates(userProperties);
  }

  render(values: TemplateValues): ConnectProperties {
    const userProperties = this.#user.render(values);
    return { ...this.#fixed, ...(userProperties.length > 0 && { userProperties }) };
  }
}

/** The properties of a publish or of a will, all but the topic alias. */
export class MessagePropertyTemplates {
  /** The same for every device. */
  readonly isShared: boolean;
  readonly #fixed: PublishProperties;
  readonly #texts: readonly (readonly ['contentType' | 'responseTopic', Template])[];
  readonly #correlationData: Template | undefined;
  readonly #user: UserPropertyTemplates;

  constructor(spec: WillPropertySpec | PublishPropertySpec) {
    const { payloadFormatIndicator, messageExpiryUs } = spec as WillPropertySpec;
    const expiry = messageExpiryUs === undefined ? undefined : messageExpiryUs / US_PER_SEC;
    this.#fixed = given({ payloadFormatIndicator, messageExpiryInterval: expiry });
    this.#texts = (['contentType', 'responseTopic'] as const).flatMap((name) => {
      const text = spec[name];
      return text === undefined ? [] : [[name, compileTemplate(text)] as const];
    });
    const { correlationData } = spec;
    this.#correlationData =
      correlationData === undefined ? undefined : compileTemplate(correlationData);
    this.#user = new UserPropertyTemplates(spec.userProperties);
    this.isShared = [
      ...this.#texts.map(([, template]) => template),
      ...(this.#correlationData === undefined ? [] : [this.#correlationData]),
      ...this.#user.templates.flat(),
    ].every(({ isShared }) => isShared);
  }

  render(values: TemplateValues): PublishProperties {
    const userProperties = this.#user.render(values);
    return {
      ...this.#fixed,
      ...Object.fromEntries(this.#texts.map(([name, text]) => [name, text.render(values)])),
      ...(this.#correlationData !== undefined && {
        correlationData: Buffer.from(this.#correlationData.render(values)),
      }),
      ...(userProperties.length > 0 && { userProperties }),
    };
  }
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<T>;
}

import { publishPropertyBytes } from '../../wire/mod.js';
import { ALIAS_PROPERTY_BYTES } from '../device/mod.js';
import { MessagePropertyTemplates, type Publish, type TemplateValues } from '../scenario/mod.js';

/** The property list that the PUBLISHes of a stream have, prebuilt: the same for every message of a device. */
export class StreamProperties {
  /** 0: none. Its property stands first in the list, so that it can be left out. */
  readonly topicAlias: number;
  /** The same for every device. */
  readonly isShared: boolean;
  readonly #templates: MessagePropertyTemplates;
  /** Where devices share it: the list, once it was made. */
  shared: Uint8Array | undefined;

  constructor(spec: NonNullable<Publish['properties']>, topicAlias: number) {
    this.topicAlias = topicAlias;
    this.#templates = new MessagePropertyTemplates(spec);
    this.isShared = this.#templates.isShared;
  }

  bytes(values: TemplateValues): Uint8Array {
    const list = publishPropertyBytes(this.#templates.render(values));
    const bytes = this.topicAlias === 0 ? list : withAlias(this.topicAlias, list);
    if (this.isShared) this.shared = bytes;
    return bytes;
  }
}

function withAlias(topicAlias: number, list: Uint8Array): Uint8Array {
  const alias = publishPropertyBytes({ topicAlias });
  const bytes = new Uint8Array(ALIAS_PROPERTY_BYTES + list.length);
  bytes.set(alias);
  bytes.set(list, alias.length);
  return bytes;
}

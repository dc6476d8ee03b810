import { publishPropertyBytes } from '../../wire/mod.js';
import { HEADER_BYTES } from '../device/mod.js';
import { MessagePropertyTemplates } from '../scenario/property-template.js';
import type { Publish } from '../scenario/schema.js';
import type { TemplateValues } from '../scenario/template.js';

/** The property list that the PUBLISHes of a stream have, prebuilt: the same for every message of a device. */
export class StreamProperties {
  /** 0: none. Its property stands first in the list, so that it can be left out. */
  readonly topicAlias: number;
  /** The same for every device. */
  readonly isShared: boolean;
  readonly #templates: MessagePropertyTemplates;
  /** Where devices share it: the list, once it was made. */
  shared: Uint8Array | undefined;

  /** The list ends with Correlation Data that has room for the measurement header. */
  readonly correlates: boolean;

  constructor({ properties, response }: Publish, topicAlias: number) {
    this.topicAlias = topicAlias;
    this.correlates = response !== undefined;
    this.#templates = new MessagePropertyTemplates({
      ...properties,
      ...(response === undefined ? {} : { responseTopic: response.topic }),
    });
    this.isShared = this.#templates.isShared;
  }

  bytes(values: TemplateValues): Uint8Array {
    const list = publishPropertyBytes(this.#templates.render(values));
    const room = this.correlates ? publishPropertyBytes({ correlationData: NO_HEADER }) : EMPTY;
    const alias =
      this.topicAlias === 0 ? EMPTY : publishPropertyBytes({ topicAlias: this.topicAlias });
    const bytes = Buffer.concat([alias, list, room]);
    if (this.isShared) this.shared = bytes;
    return bytes;
  }
}

const EMPTY = new Uint8Array(0);
const NO_HEADER = new Uint8Array(HEADER_BYTES);

import { topicNameError } from '../../wire/mod.js';
import type { Findings } from './findings.js';
import { compilePayload, MEASUREMENT_HEADER_BYTES } from './payload.js';
import type { Group, Publish } from './schema.js';
import { compileTemplate, type TemplateValues } from './template.js';

type Path = readonly (string | number)[];

/** Requests that can be answered, and answers that find their request. */
export function checkExchange(
  group: Group,
  devices: readonly TemplateValues[],
  path: Path,
  findings: Findings,
): void {
  group.publish.forEach((stream, k) => {
    checkRequests(group, stream, devices, [...path, 'publish', k], findings);
  });
  checkRespond(group, [...path, 'respond'], findings);
}

function checkRequests(
  group: Group,
  stream: Publish,
  devices: readonly TemplateValues[],
  path: Path,
  findings: Findings,
): void {
  const { response, properties, payload } = stream;
  if (response === undefined) return;
  const template = compileTemplate(response.topic);
  const at = [...path, 'response', 'topic'];
  for (const values of devices) {
    const why = topicNameError(template.render(values));
    if (why === undefined) continue;
    findings.error(at, `a valid topic (${why})`);
    return;
  }
  if (group.count > 1 && template.isShared) {
    findings.error(at, '%i or %c in it: every device would get the answers to all others');
  }
  for (const name of ['responseTopic', 'correlationData'] as const) {
    if (properties?.[name] === undefined) continue;
    findings.error([...path, 'properties', name], `no ${name} beside response, which sets it`);
  }
  const compiled = compilePayload(payload);
  const first = compiled.headerBytes > 0 && (compiled.headerAt ?? 0) === 0;
  if (group.protocol !== 5 && !first) {
    findings.error(
      [...path, 'payload'],
      `a payload with the measurement header in front (${MEASUREMENT_HEADER_BYTES} bytes or more, or header: true): before MQTT 5 an answer is known by it`,
    );
  }
}

function checkRespond({ respond, subscribe, protocol }: Group, path: Path, findings: Findings) {
  if (respond === undefined) return;
  if (subscribe.length === 0)
    findings.error(path, 'subscriptions in the group, for requests to come by');
  const { topic, bytes } = respond;
  if (topic === undefined) {
    if (protocol === 5) return;
    findings.error(
      path,
      'a topic in it, such as reply/{2}: before MQTT 5 requests have no Response Topic',
    );
    return;
  }
  const why = topicNameError(topic.replace(/\{[1-9]\d?\}/g, 'x'));
  if (why !== undefined) {
    findings.error(
      [...path, 'topic'],
      `a topic, with {1}, {2}, … for levels of the request's (${why})`,
    );
  }
  if (bytes < MEASUREMENT_HEADER_BYTES) {
    const need = `${MEASUREMENT_HEADER_BYTES} bytes or more beside a topic`;
    findings.error(
      [...path, 'bytes'],
      `${need}: the answer is known by what it sends back in them`,
    );
  }
}

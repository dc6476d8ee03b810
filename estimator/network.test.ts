import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  messageMqttBytes,
  messageWireBytes,
  pingWireBytes,
  publishPacketBytes,
} from './network.js';

describe('bytes on the wire', () => {
  it('of a PUBLISH are its header, topic, packet id, property length and payload', () => {
    const table = [
      // 1 + 1 + (2 + 4 + 1 + 10)
      { qos: 0, topic: 4, payload: 10, bytes: 19 },
      // and the packet id
      { qos: 1, topic: 4, payload: 10, bytes: 21 },
      // 127 is the last remaining length of one byte, 128 takes two, 16,384 three, 2,097,152 four
      { qos: 0, topic: 4, payload: 120, bytes: 1 + 1 + 127 },
      { qos: 0, topic: 4, payload: 121, bytes: 1 + 2 + 128 },
      { qos: 0, topic: 4, payload: 16_377, bytes: 1 + 3 + 16_384 },
      { qos: 2, topic: 10, payload: 2_097_137, bytes: 1 + 4 + 2_097_152 },
    ] as const;
    for (const { qos, topic, payload, bytes } of table) {
      assert.equal(publishPacketBytes(qos, topic, payload), bytes);
    }
  });

  it('of a message include every acknowledgement of MQTT, and of TCP where no packet carries it', () => {
    // PUBLISH of 19 or 21 bytes, acknowledgements of 4, 40 for the header of each segment.
    assert.deepEqual(messageWireBytes(0, 4, 10), { forward: 19 + 40, back: 40 });
    assert.deepEqual(messageWireBytes(1, 4, 10), { forward: 21 + 40 + 40, back: 4 + 40 });
    assert.deepEqual(messageWireBytes(2, 4, 10), {
      forward: 21 + 40 + (4 + 40) + 40,
      back: 2 * (4 + 40),
    });
    assert.deepEqual(pingWireBytes(), { forward: 2 + 40 + 40, back: 2 + 40 });
    assert.deepEqual(
      [0, 1, 2].map((qos) => messageMqttBytes(qos as 0 | 1 | 2, 4, 10)),
      [19, 25, 33],
    );
  });

  it('have a header for each segment of a large packet', () => {
    const { forward } = messageWireBytes(0, 4, 3_000);
    assert.equal(forward, publishPacketBytes(0, 4, 3_000) + 3 * 40);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ConnectReturnCode,
  connectReturnName,
  isReasonCodeAllowed,
  PacketType,
  packetTypeName,
  REASON_CODES,
  ReasonCode,
  reasonName,
} from './mod.js';

describe('reason codes', () => {
  it('have one constant for each line of the table', () => {
    const constants = Object.entries(ReasonCode).map(([name, byte]) => `${byte} ${name}`);
    const words = REASON_CODES.map(({ byte, name }) => {
      const constant = name.toUpperCase().replace(/[ -]/g, '_').replace('_NORMAL', 'NORMAL');
      return `${byte} ${constant}`;
    });
    assert.deepEqual(constants.sort(), words.sort());
  });

  it('are named as the specification names them, by packet where the byte has several names', () => {
    assert.equal(reasonName(0x97), 'Quota exceeded');
    assert.equal(reasonName(0x00), 'Success');
    assert.equal(reasonName(0x00, PacketType.DISCONNECT), 'Normal disconnection');
    assert.equal(reasonName(0x00, PacketType.SUBACK), 'Granted QoS 0');
    assert.equal(reasonName(0x01, PacketType.SUBACK), 'Granted QoS 1');
    assert.equal(reasonName(0x97, PacketType.PUBREL), 'Quota exceeded');
    assert.equal(reasonName(0x05), '0x05');
  });

  it('know their packets', () => {
    assert.equal(isReasonCodeAllowed(0x10, PacketType.PUBACK), true);
    assert.equal(isReasonCodeAllowed(0x10, PacketType.PUBREL), false);
    assert.equal(isReasonCodeAllowed(0x00, PacketType.PUBLISH), false);
    assert.equal(isReasonCodeAllowed(-1, PacketType.PUBACK), false);
    assert.equal(isReasonCodeAllowed(256, PacketType.PUBACK), false);
  });
});

describe('names', () => {
  it('are there for return codes before MQTT 5', () => {
    for (const code of Object.values(ConnectReturnCode)) {
      assert.match(connectReturnName(code), /^Connection /);
    }
    assert.equal(connectReturnName(7), 'return code 7');
  });

  it('are there for packet types', () => {
    for (const [name, type] of Object.entries(PacketType)) assert.equal(packetTypeName(type), name);
    assert.equal(packetTypeName(0), 'RESERVED');
  });
});

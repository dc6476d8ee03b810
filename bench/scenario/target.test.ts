import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTarget, parseTarget, TargetError, type Transport } from './target.js';

test('a target is a transport, a host, a port and of WebSockets a path', () => {
  const table: [string, Transport, string, number, string?][] = [
    ['mqtt://127.0.0.1:1884', 'mqtt', '127.0.0.1', 1884],
    ['mqtt://broker.example', 'mqtt', 'broker.example', 1883],
    ['mqtt://broker/', 'mqtt', 'broker', 1883],
    ['tcp://broker:5', 'mqtt', 'broker', 5],
    ['broker:1999', 'mqtt', 'broker', 1999],
    ['broker', 'mqtt', 'broker', 1883],
    ['127.0.0.1', 'mqtt', '127.0.0.1', 1883],
    ['mqtt://[::1]:1884', 'mqtt', '::1', 1884],
    ['[::1]', 'mqtt', '::1', 1883],
    ['mqtts://broker', 'mqtts', 'broker', 8883],
    ['ssl://broker:99', 'mqtts', 'broker', 99],
    ['tls://[::1]', 'mqtts', '::1', 8883],
    ['ws://broker', 'ws', 'broker', 80, '/mqtt'],
    ['ws://broker/', 'ws', 'broker', 80, '/'],
    ['ws://broker:8083/a/b?token=x%20y', 'ws', 'broker', 8083, '/a/b?token=x%20y'],
    ['wss://broker', 'wss', 'broker', 443, '/mqtt'],
    ['wss://[::1]:8084/mqtt', 'wss', '::1', 8084, '/mqtt'],
  ];
  for (const [text, transport, host, port, path = ''] of table) {
    const target = { transport, host, port, path };
    assert.deepEqual(parseTarget(text), target, text);
    assert.deepEqual(parseTarget(formatTarget(target)), target);
  }
});

test('what cannot be connected to is refused with its reason', () => {
  const table: [string, RegExp][] = [
    ['quic://h', /no QUIC here; use mqtts/],
    ['http://h', /expected mqtt:\/\/, mqtts:\/\/, ws:\/\/ or wss:\/\/ in front, not http/],
    ['mqtt://h/topic', /nothing may follow the port, not '\/topic'/],
    ['mqtts://h?x=1', /nothing may follow/],
    ['ws://h/mqtt#top', /'#top' is never sent/],
    ['wss://u:p@h/mqtt', /user name and password/],
    ['mqtt://u:p@h', /user name and password/],
    ['mqtt://h:99999', /expected a URL/],
    ['mqtt://h:0', /port from 1/],
    ['mqtt://', /host is missing|expected a URL/],
    ['', /host is missing|expected a URL/],
  ];
  for (const [text, message] of table) {
    assert.throws(
      () => parseTarget(text),
      (error) => error instanceof TargetError && message.test(error.message),
      text,
    );
  }
});

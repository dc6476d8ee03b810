import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTarget, parseTarget, TargetError } from './target.js';

test('a target is a host and a port, 1883 if none is given', () => {
  const table: [string, string, number][] = [
    ['mqtt://127.0.0.1:1884', '127.0.0.1', 1884],
    ['mqtt://broker.example', 'broker.example', 1883],
    ['mqtt://broker/', 'broker', 1883],
    ['tcp://broker:5', 'broker', 5],
    ['broker:1999', 'broker', 1999],
    ['broker', 'broker', 1883],
    ['127.0.0.1', '127.0.0.1', 1883],
    ['mqtt://[::1]:1884', '::1', 1884],
    ['[::1]', '::1', 1883],
  ];
  for (const [text, host, port] of table) {
    assert.deepEqual(parseTarget(text), { host, port }, text);
    assert.deepEqual(parseTarget(formatTarget({ host, port })), { host, port });
  }
});

test('what cannot be connected to is refused with its reason', () => {
  const table: [string, RegExp][] = [
    ['mqtts://h', /TLS is not there yet/],
    ['ws://h/mqtt', /WebSocket is not there yet/],
    ['http://h', /expected mqtt:\/\/ in front, not http/],
    ['mqtt://h/topic', /nothing may follow the port, not '\/topic'/],
    ['mqtt://h?x=1', /nothing may follow/],
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

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { type RunningBroker, startBroker } from './mod.js';

/**
 * Paho's Python client (Debian's python3-paho-mqtt, so Debian's own Python) against a node. The script
 * prints one JSON line with what it saw. It takes both the 1.x and the 2.x API of the library.
 */
const SCRIPT = `
import json, sys, threading, time
import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.packettypes import PacketTypes

port, version = int(sys.argv[1]), int(sys.argv[2])
five = version == mqtt.MQTTv5

def client(name, clean=True):
    args = {} if five else {'clean_session': clean}
    old = getattr(mqtt, 'CallbackAPIVersion', None)
    first = [old.VERSION1] if old else []
    c = mqtt.Client(*first, client_id=name, protocol=version, **args)
    c.got, c.ready, c.done = [], threading.Event(), threading.Event()
    c.on_connect = lambda c, u, flags, *rest: (setattr(c, 'present', flags['session present']), c.ready.set())
    c.on_subscribe = lambda c, *rest: c.done.set()
    c.on_message = lambda c, u, m: c.got.append([m.topic, m.payload.decode(), m.qos, bool(m.retain)])
    return c

def start(c, clean=True):
    if five:
        p = Properties(PacketTypes.CONNECT)
        p.SessionExpiryInterval = 0 if clean else 60
        c.connect('127.0.0.1', port, 60, clean_start=clean, properties=p)
    else:
        c.connect('127.0.0.1', port, 60)
    c.loop_start()
    assert c.ready.wait(5)
    return c

def stop(c):
    c.disconnect()
    c.loop_stop()

def until(condition):
    for _ in range(500):
        if condition(): return
        time.sleep(0.01)
    raise SystemExit('timed out')

def subscribe(c, *filters):
    c.done.clear()
    c.subscribe(list(filters))
    assert c.done.wait(5)

def publish(c, topic, text, qos, retain=False):
    c.publish(topic, text, qos, retain).wait_for_publish()

sub, pub = start(client('sub')), start(client('pub'))
subscribe(sub, ('q/+', 2), ('w', 1))
for n in range(30): publish(pub, 'q/%d' % n, str(n), n % 3)
until(lambda: len(sub.got) == 30)
by_qos = sorted(sub.got, key=lambda m: int(m[1]))

publish(pub, 'r/1', 'kept', 1, True)
late = start(client('late'))
subscribe(late, ('r/#', 1))
until(lambda: late.got)

dying = client('dying')
dying.will_set('w', 'bye', 1)
start(dying)
sub.got.clear()
dying._sock.close()
until(lambda: sub.got)

lasting = start(client('lasting', False), False)
subscribe(lasting, ('s', 2))
stop(lasting)
for n in range(20): publish(pub, 's', str(n), 1 + n % 2)
again = client('lasting', False)
start(again, False)
until(lambda: len(again.got) == 20)

print(json.dumps({'qos': by_qos, 'retained': late.got, 'will': sub.got,
    'present': bool(again.present), 'resumed': sorted(int(m[1]) for m in again.got)}))
for c in (sub, pub, late, again): stop(c)
`;

describe("Paho's Python client", () => {
  let broker: RunningBroker;
  before(async () => {
    broker = await startBroker({ port: 0, sysIntervalMs: 0 });
  });
  after(() => broker.close(500));

  for (const [name, version] of [
    ['3.1', 3],
    ['3.1.1', 4],
    ['5', 5],
  ] as const) {
    it(`speaks MQTT ${name}: each QoS, retained, will, resumed session`, async () => {
      const port = String(broker.listeners[0]?.port);
      const child = spawn('/usr/bin/python3', ['-c', SCRIPT, port, String(version)]);
      try {
        let [output, complaint] = ['', ''];
        child.stdout.on('data', (part) => {
          output += part;
        });
        child.stderr.on('data', (part) => {
          complaint += part;
        });
        const [code] = await once(child, 'close');
        assert.equal(code, 0, `${complaint} (python3-paho-mqtt comes with scripts/peers)`);
        const saw = JSON.parse(output);
        assert.deepEqual(
          saw.qos,
          Array.from({ length: 30 }, (_, n) => [`q/${n}`, `${n}`, n % 3, false]),
        );
        assert.deepEqual(saw.retained, [['r/1', 'kept', 1, true]]);
        assert.deepEqual(saw.will, [['w', 'bye', 1, false]]);
        // MQTT 3.1 has no Session Present flag.
        assert.equal(saw.present, version !== 3);
        assert.deepEqual(
          saw.resumed,
          Array.from({ length: 20 }, (_, n) => n),
        );
      } finally {
        child.kill('SIGKILL');
      }
    });
  }
});

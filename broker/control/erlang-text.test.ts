import assert from 'node:assert/strict';
import { it } from 'node:test';
import { atomText, mapOfAtomLists } from './erlang-text.js';

/** `name1@host`, `name2@host`, … */
function nodes(count: number, name = 'emqx', host = '127.0.0.1'): string[] {
  return Array.from({ length: count }, (_, n) => `${name}${n + 1}@${host}`);
}

function status(running: readonly string[], stopped: readonly string[]): string {
  return `Cluster status: ${mapOfAtomLists({ running_nodes: running, stopped_nodes: stopped }, 16)}`;
}

it('a node name is quoted unless it could be a plain atom', () => {
  assert.equal(atomText('emqx@node1'), 'emqx@node1');
  assert.equal(atomText('emqx@192.168.0.200'), "'emqx@192.168.0.200'");
  assert.equal(atomText('emqx@core-1'), "'emqx@core-1'");
  assert.equal(atomText('Emqx@node1'), "'Emqx@node1'");
  assert.equal(atomText("it's@n\\1"), "'it\\'s@n\\\\1'");
});

// What Erlang/OTP 25 prints for these with io:format("Cluster status: ~p~n", [Map]).
const PRINTED: [what: string, running: string[], stopped: string[], text: string][] = [
  [
    'on one line',
    nodes(1),
    [],
    "Cluster status: #{running_nodes => ['emqx1@127.0.0.1'],stopped_nodes => []}",
  ],
  [
    'a line for each key when they do not fit on one',
    nodes(1),
    ['emqx2@127.0.0.1'],
    `Cluster status: #{running_nodes => ['emqx1@127.0.0.1'],
                  stopped_nodes => ['emqx2@127.0.0.1']}`,
  ],
  [
    'the list on a line of its own when it does not fit behind its key',
    nodes(3),
    [],
    `Cluster status: #{running_nodes =>
                      ['emqx1@127.0.0.1','emqx2@127.0.0.1','emqx3@127.0.0.1'],
                  stopped_nodes => []}`,
  ],
  [
    'on several lines when it does not fit on one',
    nodes(6),
    nodes(4, 'core', '192.168.0.200'),
    `Cluster status: #{running_nodes =>
                      ['emqx1@127.0.0.1','emqx2@127.0.0.1','emqx3@127.0.0.1',
                       'emqx4@127.0.0.1','emqx5@127.0.0.1','emqx6@127.0.0.1'],
                  stopped_nodes =>
                      ['core1@192.168.0.200','core2@192.168.0.200',
                       'core3@192.168.0.200','core4@192.168.0.200']}`,
  ],
];
for (const [what, running, stopped, text] of PRINTED) {
  it(`nodes are listed as Erlang wraps them: ${what}`, () => {
    assert.equal(status(running, stopped), text);
  });
}

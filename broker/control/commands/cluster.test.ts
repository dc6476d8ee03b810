import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterCommandError, type ClusterControl, type ClusterStatus } from '../node-control.js';
import { bad, ctl, good, NODE } from '../testing/run-in-node.js';

/** A cluster that says what it is told to. */
function clusterOf(
  status: Partial<ClusterStatus>,
  acts: Partial<ClusterControl> = {},
): { cluster: ClusterControl } {
  const whole = { running: [NODE], stopped: [], partitioned: [], roles: {}, alarms: [], ...status };
  const act = async (): Promise<ClusterStatus> => whole;
  return {
    cluster: { name: 'c', status: () => whole, join: act, leave: act, forceLeave: act, ...acts },
  };
}

describe('cluster', () => {
  it('the status is a line of Erlang, names in order', async () => {
    const two = clusterOf({ running: ['b@b', 'a@a'], stopped: ['c@c'] });
    assert.deepEqual(
      await ctl('cluster status', undefined, two),
      good('Cluster status: #{running_nodes => [a@a,b@b],stopped_nodes => [c@c]}\n'),
    );
  });

  it('the status as JSON has the keys and the layout of EMQX, and ours only if there is trouble', async () => {
    const json = await ctl('cluster status --json', undefined, clusterOf({ running: ['b', 'a'] }));
    assert.deepEqual(
      json,
      good(
        '{\n  "stopped_nodes" : [\n    \n  ],\n' +
          '  "running_nodes" : [\n    "a",\n    "b"\n  ]\n}\n',
      ),
    );
    const trouble = clusterOf({ partitioned: ['p'], alarms: ['an "alarm"'] });
    assert.deepEqual(JSON.parse((await ctl('cluster status --json', undefined, trouble)).out), {
      stopped_nodes: [],
      running_nodes: [NODE],
      partitioned_nodes: ['p'],
      alarms: ['an "alarm"'],
    });
  });

  it('a change says what will be lost on stderr, then that it is done, and the status after it', async () => {
    const asked: string[] = [];
    const after = { running: [NODE, 'a@a'], stopped: [], partitioned: [], roles: {}, alarms: [] };
    const acts: Partial<ClusterControl> = {
      join: async (node, { say }) => {
        asked.push(`join ${node}`);
        say('2 clients will be disconnected');
        return after;
      },
      leave: async ({ say }) => {
        asked.push('leave');
        say('3 routes are given up');
        return after;
      },
      forceLeave: async (node) => {
        asked.push(`force-leave ${node}`);
        return after;
      },
    };
    const statusLine =
      "Cluster status: #{running_nodes => [a@a,'n1@127.0.0.1'],stopped_nodes => []}\n";
    const cluster = clusterOf({}, acts);
    assert.deepEqual(await ctl('cluster join a@a', undefined, cluster), {
      exit: 0,
      out: `Join the cluster successfully.\n${statusLine}`,
      err: '2 clients will be disconnected\n',
    });
    assert.deepEqual(await ctl('cluster leave', undefined, cluster), {
      exit: 0,
      out: `Leave the cluster successfully.\n${statusLine}`,
      err: '3 routes are given up\n',
    });
    assert.deepEqual(
      await ctl('cluster force-leave b@b', undefined, cluster),
      good(`Remove the node from cluster successfully.\n${statusLine}`),
    );
    assert.deepEqual(asked, ['join a@a', 'leave', 'force-leave b@b']);
  });

  it('a change that fails says why in the words of EMQX, and what that means; it exits 1', async () => {
    const refuse = (reason: string) => async (): Promise<ClusterStatus> => {
      throw new ClusterCommandError(reason, 'Explained.');
    };
    const cluster = clusterOf(
      {},
      {
        join: refuse("{node_down,'x@1.2.3.4'}"),
        leave: refuse('node_not_in_cluster'),
        forceLeave: refuse('node_not_in_cluster'),
      },
    );
    assert.deepEqual(
      await ctl('cluster join x@1.2.3.4', undefined, cluster),
      bad("Failed to join the cluster: {node_down,'x@1.2.3.4'}\nExplained.\n"),
    );
    assert.deepEqual(
      await ctl('cluster leave', undefined, cluster),
      bad('Failed to leave the cluster: node_not_in_cluster\nExplained.\n'),
    );
    assert.deepEqual(
      await ctl('cluster force-leave x@1.2.3.4', undefined, cluster),
      bad('Failed to remove the node from cluster: node_not_in_cluster\nExplained.\n'),
    );
  });

  it('a node does not join itself and does not remove itself', async () => {
    for (const verb of ['join', 'force-leave']) {
      assert.deepEqual(await ctl(`cluster ${verb} ${NODE}`), good('Ignore.\n'));
    }
  });

  it('a node that was started alone has nobody to leave, and joins nobody', async () => {
    const { err } = await ctl('cluster leave');
    assert.match(err, /^Failed to leave the cluster: node_not_in_cluster\n/);
    assert.equal((await ctl('cluster join a@a')).exit, 1);
    assert.equal((await ctl('cluster force-leave a@a')).exit, 1);
  });

  it('what is wrong in the cluster stands behind the status', async () => {
    const trouble = clusterOf({
      running: [NODE, 'core2@10.0.0.2'],
      partitioned: ['core2@10.0.0.2', 'b@a'],
      alarms: ['no contact to the cluster database since 16:15:18'],
    });
    const lines =
      "Partitioned nodes: [b@a,'core2@10.0.0.2']\n" +
      'Alarm: no contact to the cluster database since 16:15:18\n';
    assert.deepEqual(
      await ctl('status', undefined, trouble),
      good(`Node '${NODE}' 1.2.3 is started\n${lines}`),
    );
    const { out } = await ctl('cluster status', undefined, trouble);
    assert.ok(out.endsWith(`stopped_nodes => []}\n${lines}`), out);
  });
});

/** The broker of this project as a target: `node fleetgauge-target.js <port>`. */
import { brokerStart } from '../cli/broker-start.js';

const port = Number(process.argv[2]);
// A name of its own: a node that runs on this machine already may have the default one.
const nodeName = `perf-${port}@127.0.0.1`;
process.exitCode = await brokerStart({
  port,
  nodeName,
  set: ['sys_topics.sys_msg_interval=disabled'],
});

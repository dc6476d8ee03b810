/** The broker of this project as a target: `node fleetgauge-target.js <port>`. */
import { brokerStart } from '../cli/broker-start.js';

process.exitCode = await brokerStart({
  port: Number(process.argv[2]),
  set: ['sys_topics.sys_msg_interval=disabled'],
});

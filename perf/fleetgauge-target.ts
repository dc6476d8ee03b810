/** The broker of this project as a target: `node fleetgauge-target.js <port>`. */
import { brokerStart } from '../cli/broker-start.js';

process.exitCode = await brokerStart({ port: Number(process.argv[2]), sysIntervalMs: 0 });

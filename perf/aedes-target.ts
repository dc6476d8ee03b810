/** aedes as a target: `node aedes-target.js <port>`. */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const broker = await Aedes.createBroker({ concurrency: 1000 });
createServer({ noDelay: true }, broker.handle).listen(Number(process.argv[2]), '127.0.0.1');

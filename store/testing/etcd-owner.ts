// A process that runs an etcd member and says its process id, to be killed by a test.
import { ManagedEtcd } from '../managed-etcd.js';

const [dataDir = '', clientPort, peerPort] = process.argv.slice(2);
const member = await ManagedEtcd.start({
  name: 'owned',
  dataDir,
  host: '127.0.0.1',
  clientPort: Number(clientPort),
  peerPort: Number(peerPort),
  initialCluster: 'new',
});
console.log(member.pid);

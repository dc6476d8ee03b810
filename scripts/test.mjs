// Runs the compiled tests. `*.peer.test.js` need real peers (scripts/peers) and run only with --peers;
// further arguments keep the files whose path contains one of them.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const withPeers = args.includes('--peers');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const files = readdirSync(`${root}dist`, { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => withPeers || !file.endsWith('.peer.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .map((file) => `dist/${file}`)
  .sort();

if (files.length === 0) {
  console.error(`no compiled test matches ${wanted.join(' ')}: run 'npm run build' first`);
  process.exit(2);
}
// One file at a time: measurements in one test file would disturb the sockets of another on two cores.
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files], {
  cwd: root,
  stdio: 'inherit',
});
child.on('exit', (code) => process.exit(code ?? 1));

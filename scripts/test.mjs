// Runs the compiled tests. `*.peer.test.js` need real peers (scripts/peers) and run only with --peers;
// further arguments keep the files whose path contains one of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
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
/**
 * Whole programs, nodes and agents are measured and waited for, and would disturb each other: one file at a time. What
 * lies beside the code it tests does without a machine of its own: two at a time.
 */
const isAlone = (file) => /^dist\/(cli\/|[^/]+$)/.test(file) || file.endsWith('.peer.test.js');
const lanes = [
  { files: files.filter((file) => !isAlone(file)), atOnce: Math.min(2, availableParallelism()) },
  { files: files.filter(isAlone), atOnce: 1 },
];
let code = 0;
for (const { files, atOnce } of lanes) {
  if (files.length === 0) continue;
  const args = ['--test', `--test-concurrency=${atOnce}`, ...files];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const [own] = await once(child, 'exit');
  code ||= own ?? 1;
}
process.exit(code);

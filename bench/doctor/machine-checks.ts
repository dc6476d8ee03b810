import { isIP } from 'node:net';
import { formatBytes, formatCount } from '../../results/mod.js';
import { carriedBytes } from '../fleet/carried-devices.js';
import { isCrowded } from '../fleet/crowded.js';
import { DEVICE_BYTES } from '../fleet/device-memory.js';
import { filesPerProcess } from '../fleet/layout.js';
import { connectionsOf, formatTarget } from '../scenario/mod.js';
import { nodeFiles } from './bundled-nodes.js';
import { type Check, check } from './check.js';
import type { MachineFacts } from './machine-facts.js';
import { perPair, perTarget, type RunNeeds } from './needs.js';

/** What the target's process says of itself, where it is on this machine and may be looked at. */
export interface LocalTarget {
  readonly target: string;
  readonly pid: number;
  readonly openFiles: { readonly used: number; readonly most: number };
}

/** The bundled broker's side of a connection. */
const TARGET_BYTES = DEVICE_BYTES.lean;
/** A process of the fleet or a node, and a thread in it, before their devices; and where many share a core. */
const PROCESS_BYTES = 60e6;
const THREAD_BYTES = 20e6;
const CROWDED_PROCESS_BYTES = 30e6;
/** Of Node's own: V8's and libuv's workers, beside the main one. */
const THREADS_PER_PROCESS = 11;
/** What comes while a target stands still for so long (a collection of garbage, say) waits in its accept queue. */
const STALL_SEC = 0.1;
/** Beyond this the kernel starts to take memory back from what others use. */
const MEMORY_WARN_SHARE = 0.8;

/** All that can be told without waiting. What `run` refuses and what `doctor` says are these same checks. */
export function machineChecks(
  needs: RunNeeds,
  facts: MachineFacts,
  local: readonly LocalTarget[],
): Check[] {
  return [
    ...portChecks(needs, facts),
    fileCheck(needs, facts),
    ...allFilesCheck(needs, facts, bothEnds(needs, local)),
    ...local.map((target) => targetFilesCheck(needs, target)),
    ...nodeFilesCheck(needs, facts),
    ...acceptQueueCheck(needs, facts),
    ...conntrackCheck(needs, facts),
    ...memoryCheck(needs, facts, bothEnds(needs, local)),
    ...taskCheck(needs, facts),
    coreCheck(needs, facts, bothEnds(needs, local)),
  ];
}

/** The target is on this machine, too. */
function bothEnds({ bundled }: RunNeeds, local: readonly LocalTarget[]): boolean {
  return bundled !== undefined || local.length > 0;
}

/** With net.ipv4.ip_local_port_range as wide as it can be without privileged ports. */
const WIDEST_PORTS = 65_536 - 1024;

function portChecks(needs: RunNeeds, { ports, reservedPorts, timeWait }: MachineFacts): Check[] {
  const wanted = perPair(needs);
  const there = ports.count - reservedPorts;
  const [one] = needs.targets;
  const alone = needs.bundled === undefined ? 'one address' : 'each node';
  const where = one === undefined ? alone : formatTarget(one).replace('mqtt://', '');
  const reserved = reservedPorts > 0 ? `, ${formatCount(reservedPorts)} reserved` : '';
  const last = ports.first + ports.count - 1;
  const short = wanted > there;
  const addresses = Math.ceil(needs.connections / there);
  return [
    check(
      'local ports',
      `${formatCount(wanted)} to ${where}`,
      `${formatCount(there)} (${ports.first}–${last}${reserved})`,
      // A name may have more addresses than one: that is known when it is resolved.
      !short ? 'ok' : needs.targets.every(({ host }) => isIP(host) > 0) ? 'fail' : 'warn',
      `${addresses} addresses of the target: --target mqtt://127.0.0.1:1883,mqtt://127.0.0.2:1883`,
      `${addresses} addresses of this machine: --ifaddr 127.0.0.1,127.0.0.2`,
      ...(wanted <= WIDEST_PORTS ? [`sysctl -w net.ipv4.ip_local_port_range="1024 65535"`] : []),
    ),
    check(
      'TIME_WAIT',
      short ? 'ports first' : `up to ${formatCount(there - wanted)}`,
      formatCount(timeWait),
      !short && timeWait > there - wanted ? 'warn' : 'ok',
      'wait for 60 s: then the ports of earlier connections are free',
    ),
  ];
}

function fileCheck(
  { layout, filesNeeded, connections }: RunNeeds,
  { openFiles }: MachineFacts,
): Check {
  const { soft, hard } = openFiles;
  const has = `${limitText(soft)} a process${hard === soft ? '' : ` (hard ${limitText(hard)})`}`;
  if (layout === undefined) {
    const fix = [`ulimit -n ${filesNeeded}`, `LimitNOFILE=${filesNeeded} in a systemd unit`];
    return check('open files', `more for ${formatCount(connections)}`, has, 'fail', ...fix);
  }
  const { processes } = layout;
  const wanted = filesPerProcess(connections, layout);
  const many = processes === 1 ? '1 process' : `each of ${processes} processes`;
  return check('open files', `${formatCount(wanted)} in ${many}`, has, 'ok');
}

function allFilesCheck(
  { connections }: RunNeeds,
  { allFiles }: MachineFacts,
  both: boolean,
): Check[] {
  if (allFiles === undefined) return [];
  const wanted = connections * (both ? 2 : 1);
  const free = allFiles.most - allFiles.used;
  const most = Math.ceil((wanted + allFiles.used) * 1.1);
  return [
    check(
      'files of all',
      formatCount(wanted),
      `${formatCount(free)} free of ${formatCount(allFiles.most)}`,
      wanted > free ? 'fail' : 'ok',
      `sysctl -w fs.file-max=${most}`,
    ),
  ];
}

function targetFilesCheck(needs: RunNeeds, { target, pid, openFiles }: LocalTarget): Check {
  const wanted = perTarget(needs);
  const free = openFiles.most - openFiles.used;
  const most = Math.ceil((wanted + openFiles.used) * 1.1);
  return check(
    'target’s files',
    `${formatCount(wanted)} at ${target.replace('mqtt://', '')}`,
    `${limitText(free)} free of ${limitText(openFiles.most)} (pid ${pid})`,
    wanted > free ? 'fail' : 'ok',
    `prlimit --pid ${pid} --nofile=${most}`,
    'a higher ulimit -n (LimitNOFILE=) where the broker is started',
  );
}

function nodeFilesCheck({ bundled, connections }: RunNeeds, { openFiles }: MachineFacts): Check[] {
  if (bundled === undefined) return [];
  const wanted = nodeFiles(connections, bundled);
  const has = `${limitText(openFiles.hard)} a process`;
  const many = `each of ${bundled.targets} nodes`;
  const state = wanted > openFiles.hard ? 'fail' : 'ok';
  return [check('nodes’ files', `${formatCount(wanted)} in ${many}`, has, state)];
}

function limitText(limit: number): string {
  return Number.isFinite(limit) ? formatCount(limit) : 'no limit';
}

function acceptQueueCheck(needs: RunNeeds, { somaxconn, synBacklog }: MachineFacts): Check[] {
  if (somaxconn === undefined || synBacklog === undefined) return [];
  const wanted = Math.ceil((needs.connectsPerSec / Math.max(1, needs.targets.length)) * STALL_SEC);
  const there = Math.min(somaxconn, synBacklog);
  const enough = 2 ** Math.ceil(Math.log2(Math.max(wanted, 1024)));
  return [
    check(
      'listen backlog',
      `${formatCount(wanted)} in a stall of 100 ms`,
      `somaxconn ${formatCount(somaxconn)}, SYN ${formatCount(synBacklog)}`,
      wanted > there ? 'warn' : 'ok',
      `sysctl -w net.core.somaxconn=${enough} net.ipv4.tcp_max_syn_backlog=${enough} where the target runs`,
      'slower connects (--set connect.ratePerSec=…): a SYN that is dropped is sent again after 1 s',
    ),
  ];
}

function conntrackCheck({ connections }: RunNeeds, { conntrack }: MachineFacts): Check[] {
  if (conntrack === undefined) return [];
  const { count, most } = conntrack;
  const free = most - count;
  // Loaded and empty: no rule of the firewall has it track anything.
  const state = connections <= free ? 'ok' : count === 0 ? 'warn' : 'fail';
  const has =
    count === 0
      ? `${formatCount(most)}, tracks nothing now`
      : `${formatCount(free)} free of ${formatCount(most)}`;
  return [
    check(
      'conntrack',
      formatCount(connections),
      has,
      state,
      `sysctl -w net.netfilter.nf_conntrack_max=${Math.ceil((connections + count) * 1.2)}`,
      'a NOTRACK rule for the target’s port',
    ),
  ];
}

function memoryCheck(
  needs: RunNeeds,
  { availableBytes, cgroup, cores }: MachineFacts,
  both: boolean,
): Check[] {
  if (availableBytes === undefined) return [];
  const { devicesBytes, fleetBytes } = memoryNeeded(needs, cores, both);
  const wanted = devicesBytes + fleetBytes;
  const room =
    cgroup.memory === undefined
      ? Number.POSITIVE_INFINITY
      : cgroup.memory.most - cgroup.memory.used;
  const there = Math.min(availableBytes, room);
  const each = devicesBytes / needs.connections;
  const what = needs.scenario.groups.some((group) => group.devicesPerConnection > 1)
    ? 'connection'
    : 'device';
  const state = wanted > there ? 'fail' : wanted > there * MEMORY_WARN_SHARE ? 'warn' : 'ok';
  const fits = Math.max(0, Math.floor((there * MEMORY_WARN_SHARE - fleetBytes) / each));
  return [
    check(
      both ? 'memory, both ends' : 'memory',
      `${formatBytes(wanted)}, ${formatBytes(each)} a ${what}`,
      `${formatBytes(there)} ${room < availableBytes ? 'in its cgroup' : 'available'}`,
      state,
      `${formatCount(fits)} ${what}s fit: --scale ${Number((fits / needs.connections).toPrecision(2))}`,
      both ? 'the target on another machine' : 'a machine with more memory',
    ),
  ];
}

function memoryNeeded(
  { scenario, layout, connections, bundled }: RunNeeds,
  cores: number,
  both: boolean,
): { devicesBytes: number; fleetBytes: number } {
  const own = scenario.groups.reduce(
    (sum, group) => sum + connectionsOf(group) * DEVICE_BYTES[group.driver] + carriedBytes(group),
    0,
  );
  const processes = layout?.processes ?? 1;
  const threads = processes * (layout?.threadsPerProcess ?? 1);
  const nodes = bundled === undefined ? 0 : bundled.cores + bundled.replicants;
  return {
    devicesBytes: own + (both ? connections * TARGET_BYTES : 0),
    fleetBytes: isCrowded(processes, cores)
      ? (processes + nodes) * CROWDED_PROCESS_BYTES
      : (processes + nodes) * PROCESS_BYTES + threads * THREAD_BYTES,
  };
}

function taskCheck({ layout }: RunNeeds, { cgroup }: MachineFacts): Check[] {
  if (cgroup.tasks === undefined || layout === undefined) return [];
  const wanted = layout.processes * (THREADS_PER_PROCESS + layout.threadsPerProcess);
  const free = cgroup.tasks.most - cgroup.tasks.used;
  return [
    check(
      'processes',
      `${formatCount(wanted)} with threads`,
      `${formatCount(free)} free of ${formatCount(cgroup.tasks.most)} in its cgroup`,
      wanted > free ? 'fail' : 'ok',
      'TasksMax= in a systemd unit, --pids-limit of a container',
    ),
  ];
}

function coreCheck({ layout }: RunNeeds, { cores, cgroup }: MachineFacts, both: boolean): Check {
  const threads = layout === undefined ? 1 : layout.processes > 1 ? 1 : layout.threadsPerProcess;
  const wanted = threads + (both ? 1 : 0);
  const there = Math.min(cores, cgroup.cores ?? cores);
  const has =
    there < cores
      ? `${Number(there.toPrecision(3))} of ${cores} (cgroup quota)`
      : formatCount(cores);
  return check(
    'cores',
    both ? `${wanted}, one of them the target’s` : String(wanted),
    has,
    wanted > there ? 'warn' : 'ok',
    '--threads 1',
    'a machine, or a quota, with more cores',
  );
}

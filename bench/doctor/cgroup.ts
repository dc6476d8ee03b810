/** What the control group of this process allows; undefined where there is no limit, or none can be read. */
export interface CgroupLimits {
  readonly memory: { readonly used: number; readonly most: number } | undefined;
  /** Processes and threads. */
  readonly tasks: { readonly used: number; readonly most: number } | undefined;
  /** How many cores it may use up. */
  readonly cores: number | undefined;
}

type Read = (path: string) => string | undefined;

/** Above this a limit of version 1 means that there is none: it is the largest number of pages. */
const NO_LIMIT_BYTES = 2 ** 60;

/**
 * Both versions, cgroups(7): of version 2 (`0::/path`) each group up to the root may have a limit, the one
 * with least room counts; of version 1 each controller has a tree of its own.
 */
export function cgroupLimits(read: Read): CgroupLimits {
  const groups = new Map<string, string>();
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) groups.set(controller, path);
  }
  const v2 = ancestors('/sys/fs/cgroup', groups.get('') ?? '/');
  const v1 = (controller: string): string[] => {
    const path = groups.get(controller);
    return path === undefined ? [] : ancestors(`/sys/fs/cgroup/${controller}`, path);
  };
  return {
    memory: tightest([
      ...v2.map((at) => limitAt(read, `${at}/memory.current`, `${at}/memory.max`)),
      ...v1('memory').map((at) =>
        limitAt(read, `${at}/memory.usage_in_bytes`, `${at}/memory.limit_in_bytes`),
      ),
    ]),
    tasks: tightest(
      [...v2, ...v1('pids')].map((at) => limitAt(read, `${at}/pids.current`, `${at}/pids.max`)),
    ),
    cores: smallest([
      ...v2.map((at) => quotaOf((read(`${at}/cpu.max`) ?? '').split(' '))),
      ...v1('cpu').map((at) =>
        quotaOf([read(`${at}/cpu.cfs_quota_us`) ?? '', read(`${at}/cpu.cfs_period_us`) ?? '']),
      ),
    ]),
  };
}

function ancestors(root: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, up) =>
    [root, ...names.slice(0, names.length - up)].join('/'),
  );
}

function limitAt(
  read: Read,
  usedPath: string,
  mostPath: string,
): { used: number; most: number } | undefined {
  // 'max' is no number.
  const most = Number(read(mostPath) || Number.NaN);
  const used = Number(read(usedPath) || Number.NaN);
  if (Number.isNaN(most) || Number.isNaN(used) || most >= NO_LIMIT_BYTES) return undefined;
  return { used, most };
}

function tightest(
  limits: readonly ({ used: number; most: number } | undefined)[],
): { used: number; most: number } | undefined {
  return limits
    .filter((limit) => limit !== undefined)
    .sort((a, b) => a.most - a.used - (b.most - b.used))[0];
}

function quotaOf([quota, period]: readonly string[]): number | undefined {
  const cores = Number(quota || Number.NaN) / Number(period || Number.NaN);
  return cores > 0 && Number.isFinite(cores) ? cores : undefined;
}

function smallest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

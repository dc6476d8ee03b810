/** More processes for each core than this leave each little to do. */
const MANY_PER_CORE = 4;

/**
 * Of Node, where many processes share a core: memory is what there is least of then. V8's young generation takes 48 MB of
 * each otherwise, and the threads of its collector the other processes' time.
 */
export const CROWDED_ARGV = ['--max-semi-space-size=4', '--single-threaded-gc'];

export function isCrowded(processes: number, cores: number): boolean {
  return processes > MANY_PER_CORE * cores;
}

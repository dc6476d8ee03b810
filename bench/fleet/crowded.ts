/**
 * Where more processes than this share a core, each has little to do, and memory is what there is least of: V8's young
 * generation takes 48 MB of each otherwise, a second thread 10 MB, and the threads of its collector the others' time.
 */
export const CROWDED_PER_CORE = 4;
export const CROWDED_ARGV = ['--max-semi-space-size=4', '--single-threaded-gc'];

/**
 * Loaded into a node's process before the node (`node --expose-gc --import …`): answers each message of the parent
 * with what the process holds now, and what it holds after a collection of its garbage.
 */

/** Bytes. */
export interface MemoryReport {
  /** As it stands, garbage and all. */
  rssBytes: number;
  collectedRssBytes: number;
  /** Live objects of V8's heap. */
  heapBytes: number;
  /** Memory of buffers outside of V8's heap. */
  externalBytes: number;
}

process.on('message', () => {
  const rssBytes = process.memoryUsage.rss();
  global.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const report: MemoryReport = {
    rssBytes,
    collectedRssBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
  };
  process.send?.(report);
});
// The node alone decides how long the process lives.
process.channel?.unref();

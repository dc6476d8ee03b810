import { cpus, release, totalmem, type } from 'node:os';

/** What a measured table must say about where it was measured, as Markdown list lines. */
export function machineFacts(): string[] {
  const processors = cpus();
  return [
    `- date: ${new Date().toISOString().slice(0, 10)}`,
    `- node: ${process.version}`,
    `- cpu: ${processors[0]?.model.trim() ?? 'unknown'} × ${processors.length}`,
    `- memory: ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
  ];
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseTarget, type Target } from '../scenario/mod.js';
import type { ServerLaw } from './fifo-server.js';
import type { TargetNews, TargetOrder, TargetTruth } from './target-messages.js';

const PROGRAM = fileURLToPath(new URL('./target-process.js', import.meta.url));
const TIMEOUT_MS = 30_000;

/** A running target whose service law is known. */
export interface KnownTarget {
  readonly target: Target;
  readonly pid: number;
  truth(): Promise<TargetTruth>;
  /** Resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts a target on a free port of 127.0.0.1. Whoever calls it calls `stop` in the end. */
export async function startKnownTarget(law: ServerLaw): Promise<KnownTarget> {
  const child = fork(PROGRAM, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const { port } = await answer(child, { type: 'serve', law }, 'listening');
    return {
      target: parseTarget(`mqtt://127.0.0.1:${port}`),
      pid: child.pid!,
      truth: async () => (await answer(child, { type: 'truth' }, 'truth')).truth,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function answer<T extends TargetNews['type']>(
  child: ChildProcess,
  order: TargetOrder,
  wanted: T,
): Promise<Extract<TargetNews, { type: T }>> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.off('message', onNews);
      child.off('exit', onExit);
      act();
    };
    const onNews = (news: TargetNews): void => {
      if (news.type === wanted) settle(() => resolve(news as Extract<TargetNews, { type: T }>));
    };
    const onExit = (code: number | null): void => {
      settle(() => reject(new Error(`the self-test's target ended with exit code ${code}`)));
    };
    const timer = setTimeout(() => {
      settle(() =>
        reject(new Error(`the self-test's target said nothing for ${TIMEOUT_MS / 1000} s`)),
      );
    }, TIMEOUT_MS);
    child.on('message', onNews);
    child.once('exit', onExit);
    child.send(order);
  });
}

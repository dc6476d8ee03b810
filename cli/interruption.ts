import { EXIT } from './exit-codes.js';
import type { Screen } from './terminal.js';

/**
 * Ctrl-C (and SIGTERM): the first asks for an orderly end, the second ends at once.
 * @returns the signal to hand on, and how to stop listening
 */
export function interruption(screen: Screen): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    screen.write(
      '\nstopping: devices say goodbye, the record is written (again to stop at once)\n',
    );
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

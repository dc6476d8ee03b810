/** A file could not be opened, for this process has as many as it may have. */
export function isOutOfFiles(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EMFILE';
}

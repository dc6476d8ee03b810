import { join } from 'node:path';
import { createTestAuthority, TEST_CA_FILES } from '../bench/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** `fleetgauge certs <folder>`: an authority for tests and a certificate for the target's TLS listener. */
export async function certs(
  flags: { folder: string; server: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const names = flags.server.split(',').map((name) => name.trim());
  if (names.includes('')) {
    throw new UsageError(`--server ${flags.server}: expected names and addresses, a comma between`);
  }
  await createTestAuthority(flags.folder, names);
  const file = (name: string): string => join(flags.folder, name);
  terminal.out.write(
    [
      `authority   ${file(TEST_CA_FILES.ca)}`,
      `server      ${file(TEST_CA_FILES.server)}, ${file(TEST_CA_FILES.serverKey)} for ${names.join(', ')}`,
      `scenario    tls: { testCa: ${flags.folder} } trusts it and gives each device a certificate of it`,
      '',
    ].join('\n'),
  );
  return EXIT.pass;
}

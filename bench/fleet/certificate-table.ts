import { parse } from 'csv-parse/sync';
import { FleetError } from './fleet-error.js';

/**
 * The rows of a CSV file that has the columns `cert` and `key`; others are passed over.
 * @throws FleetError CERTIFICATE
 */
export function readCertificateTable(
  text: string,
  file: string,
  where: string,
): { cert: string; key: string }[] {
  let rows: Record<string, string | undefined>[];
  try {
    rows = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FleetError('CERTIFICATE', `${where}: certificates: ${file}: ${why}`, { cause });
  }
  return rows.map(({ cert, key }, index) => {
    if (cert !== undefined && cert !== '' && key !== undefined && key !== '') return { cert, key };
    throw new FleetError(
      'CERTIFICATE',
      `${where}: certificates: ${file}, row ${index + 1}: expected the columns cert and key with a file in each`,
    );
  });
}

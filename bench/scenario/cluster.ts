import { z } from 'zod';
import { DEFAULTS } from './defaults.js';
import { count, mapping } from './fields.js';

const REPLICANTS_EXPECTED = "a whole number from 0, or 'auto'";
/** Nodes have addresses of one 127.x.y.0/24. */
const MAX_REPLICANTS = 250;

/** The bundled cluster that a run without a target starts for itself. */
export const clusterSchema = mapping({
  cores: count(1, 3).prefault(DEFAULTS.cores),
  replicants: z
    .union([z.literal('auto'), count(0, MAX_REPLICANTS)], { error: REPLICANTS_EXPECTED })
    .default(DEFAULTS.replicants),
});

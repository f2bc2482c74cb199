// The only place that lists the acting programs of a practice host, first on its PATH.
import uptime from './programs/uptime.sh';

/** Name on the host → text of the script. */
export const actingPrograms: Readonly<Record<string, string>> = { uptime };

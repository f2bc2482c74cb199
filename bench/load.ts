// The process that reads an inventory once, as cold as a console does, and prints what that took: a JSON object of milliseconds.
// Arguments: `inventory` or `fleet` (addresses of all hosts too), the source, and patterns to choose hosts by.

import { loadFleet } from '../src/cli/fleet.ts';
import { realWorld } from '../src/cli/world.ts';
import { selectHosts } from '../src/domain/pattern.ts';
import { nodeDisk } from '../src/files/disk.ts';
import { readInventory } from '../src/files/inventory.ts';

/** What one cold process needed, ms; `cpu` is what all its threads worked for the load. */
export type Loaded = { readonly load: number; readonly cpu: number; readonly patterns: readonly number[] };

const [what, source = '', ...patterns] = process.argv.slice(2);
const [began, before] = [performance.now(), process.cpuUsage()];
const read =
  what === 'fleet' ? await loadFleet(realWorld(), { inventory: [source], practice: 'no' }) : await readInventory([source], nodeDisk);
const load = performance.now() - began;
const { user, system } = process.cpuUsage(before);
if (!read.ok) throw new Error(read.failure.cause);
const { inventory } = read.value;
const took = patterns.map(pattern => {
  const asked = performance.now();
  const chosen = selectHosts(inventory, pattern);
  const milliseconds = performance.now() - asked;
  if (!chosen.ok || chosen.value.hosts.length === 0) throw new Error(`${pattern} chose nobody`);
  return milliseconds;
});
process.stdout.write(JSON.stringify({ load, cpu: (user + system) / 1000, patterns: took } satisfies Loaded));

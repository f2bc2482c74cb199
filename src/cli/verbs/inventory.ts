// The only place for `rollcall inventory --list | --graph [GROUP] | --host NAME`.
import { fail, ok, type Result } from '../../domain/result.ts';
import type { Value } from '../../domain/value.ts';
import { graphInventory, listHost, listInventory } from '../../outputs/inventory.ts';
import { pythonText } from '../../template/python-text.ts';
import type { RunFlags } from '../flags.ts';
import { inventoryOf } from '../place.ts';
import type { World } from '../world.ts';

/** What is to be printed; one of the three. */
export type InventoryFlags = RunFlags & {
  readonly list?: boolean;
  readonly graph?: boolean | string;
  readonly host?: string;
  /** In the graph; the others show them anyway. */
  readonly vars?: boolean;
};

/** What `ansible-inventory` prints for the same inventory. */
export const inventoryVerb = async (world: World, flags: InventoryFlags): Promise<Result<number>> => {
  const wanted = [flags.list, flags.graph, flags.host].filter(one => one !== undefined).length;
  if (wanted !== 1) return refuse('inventory prints one thing at a time; say --list, --graph or --host NAME');
  const read = await inventoryOf(world, flags);
  if (!read.ok) return read;
  const { warnings, closed } = read.value;
  const [locked] = closed.locked;
  if (locked !== undefined && (flags.graph === undefined || flags.vars === true)) return refuse(locked);
  const inventory = closed.printable(read.value.inventory);
  for (const warning of warnings) world.say(warning);
  if (flags.host !== undefined) {
    const host = inventory.hosts.get(flags.host);
    if (host === undefined) return refuse(`${inventory.source} has no host ${flags.host}; rollcall hosts prints those it has`);
    world.write(`${listHost(host.vars)}\n`);
  } else if (flags.graph !== undefined) {
    const top = typeof flags.graph === 'string' ? flags.graph : 'all';
    const graph = graphInventory(inventory, top, flags.vars === true ? shown : undefined);
    if (graph === undefined) return refuse(`${inventory.source} has no group ${top}; --graph alone shows all`);
    world.write(`${graph}\n`);
  } else world.write(`${listInventory(inventory)}\n`);
  return ok(0);
};

/** As Ansible prints it. */
export const shown = (value: Value): string => (value === null ? 'None' : pythonText(value));

const refuse = (cause: string): Result<never> => fail({ tag: 'bad-input', cause });

// The only place for `rollcall hosts [PATTERN]`.
import { fold } from '../../domain/nodeset.ts';
import { noHostsMatched, selectHosts } from '../../domain/pattern.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import type { RunFlags } from '../flags.ts';
import { placeOf } from '../place.ts';
import type { World } from '../world.ts';

/** One host a line in inventory order, or one nodeset. */
export const hostsVerb = async (world: World, pattern: string, flags: RunFlags & { readonly fold?: boolean }): Promise<Result<number>> => {
  const place = await placeOf(world, flags);
  if (!place.ok) return place;
  const chosen = selectHosts(place.value.inventory, pattern, flags.limit);
  if (!chosen.ok) return chosen;
  for (const warning of [...place.value.warnings, ...chosen.value.warnings]) world.say(warning);
  const { hosts } = chosen.value;
  if (hosts.length === 0) return fail(noHostsMatched(place.value.inventory, pattern, flags.limit));
  world.write(flags.fold === true ? `${fold(hosts)}\n` : hosts.map(host => `${host}\n`).join(''));
  return ok(0);
};

// The only place that opens the console: fleet, link, session, screen.

import { makeSession } from '../../app/session.ts';
import type { Fleet } from '../../domain/event.ts';
import { noHostsMatched, selectHosts, selectTyped } from '../../domain/pattern.ts';
import { adHocPlan, withBecome } from '../../domain/plan.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import { holdPractice } from '../../practice/client.ts';
import type { RunFlags } from '../flags.ts';
import { secretVarsFor } from '../fleet.ts';
import { givenFor } from '../given.ts';
import { askForMirror, readMirrorWish } from '../mirror.ts';
import { type Place, placeOf } from '../place.ts';
import { reach } from '../reach.ts';
import type { World } from '../world.ts';
import { entrust, optionsOf } from './run.ts';

/** A task typed in the console is async with this limit, unless told otherwise. */
const dayLong = 24 * 3600;

/** Opens the console and comes back when the operator leaves. */
export const consoleVerb = async (world: World, flags: RunFlags, argv: readonly string[], comeBack: string): Promise<Result<number>> => {
  const screen = import('../../ui/start.tsx');
  const found = await placeOf(world, flags);
  if (!found.ok) return found;
  const place = found.value;
  const shown = flags.limit === undefined ? ok(place.fleet) : limitedFleet(place, flags.limit);
  if (!shown.ok) return shown;
  for (const warning of place.warnings) world.say(warning);
  const mirror = readMirrorWish(world, place.stateDir, place.mirror);
  if (!mirror.ok) return mirror;
  const given = await givenFor(world, place.fleet.source, place.passwords);
  if (!given.ok) return given;
  const link = await reach(world, place.stateDir, 'console', { ...(place.forks !== undefined && { forks: place.forks }) });
  if (!link.ok) return link;
  const mirrored = await askForMirror(link.value, mirror.value);
  if (!mirrored.ok) return mirrored;
  const entrusted = await entrust(link.value, [...place.given, ...given.value]);
  if (!entrusted.ok) return entrusted;
  const letGoOfPractice = place.practice === undefined ? () => {} : holdPractice(place.stateDir);
  const limit = flags.background ?? dayLong;
  const session = makeSession({
    link: link.value,
    fleet: shown.value,
    clock: world.clock,
    comeBack,
    limit,
    chooseHosts: pattern => selectTyped(place.inventory, pattern, flags.limit),
    planAdoption: (hosts, become) => ({ verb: 'adopt', fleet: place.fleet, hosts, become }),
    planTask: ({ hosts, pattern, command, pace }) => ({
      verb: 'submit',
      fleet: place.fleet,
      ...(flags.mask !== undefined && { mask: flags.mask }),
      ...secretVarsFor(place, hosts),
      options: optionsOf({ ...flags, log: true, template: true }, place, argv, 'console', {}),
      plan: withHosts(
        withBecome(
          adHocPlan({
            pattern,
            command,
            module: 'shell',
            async: limit,
            ...(flags.poll !== undefined && { poll: flags.poll }),
          }),
          place.become,
        ),
        hosts,
        pace === 'first-one' ? [1, hosts.length] : undefined,
      ),
    }),
  });
  const { startConsole } = await screen;
  const { farewell } = await startConsole({ session, stdin: process.stdin, stdout: process.stdout, env: world.env, process });
  session.close();
  link.value.close();
  letGoOfPractice();
  world.write(`${farewell}\n`);
  return ok(0);
};

/** The hosts that the operator asked to see; runs are planned on the whole fleet. */
const limitedFleet = ({ fleet, inventory }: Place, limit: string): Result<Fleet> => {
  const chosen = selectHosts(inventory, limit);
  if (!chosen.ok) return chosen;
  const names = new Set(chosen.value.hosts);
  return names.size === 0
    ? fail(noHostsMatched(inventory, limit))
    : ok({ ...fleet, hosts: fleet.hosts.filter(({ name }) => names.has(name)) });
};

const withHosts = (plan: ReturnType<typeof adHocPlan>, hosts: readonly string[], serial: readonly number[] | undefined): typeof plan => ({
  ...plan,
  plays: plan.plays.map(play => ({ ...play, hosts, ...(serial !== undefined && { serial }) })),
});

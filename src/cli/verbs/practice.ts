// The only place for `rollcall practice`, and for the maintenance that bare `npm start` shows without a terminal.
import { fold } from '../../domain/nodeset.ts';
import { adHocPlan } from '../../domain/plan.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import { ensurePractice, stopPractice } from '../../practice/client.ts';
import type { RunFlags } from '../flags.ts';
import { placeOf, practiceCommand } from '../place.ts';
import { stateDirOf, type World } from '../world.ts';
import { startAndFollow } from './run.ts';

/** `rollcall practice [--hosts N] [--stop]`: serves the fleet alone and prints where its inventory is. */
export const practiceVerb = async (
  world: World,
  flags: { readonly state?: string; readonly hosts?: string; readonly stop?: boolean },
): Promise<Result<number>> => {
  const stateDir = stateDirOf(world, flags.state);
  if (flags.stop === true) {
    world.write((await stopPractice(stateDir)) ? 'the practice fleet stops\n' : 'no practice fleet is running\n');
    return ok(0);
  }
  const hosts = Number(flags.hosts ?? 12);
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > 200) {
    return fail({ tag: 'bad-input', cause: `--hosts takes a whole number from 1 to 200, not ${flags.hosts}` });
  }
  const fleet = await ensurePractice({ stateDir, hosts, command: practiceCommand() });
  if (!fleet.ok) return fleet;
  const { mode, why, inventoryPath } = fleet.value;
  world.write(`${fleet.value.hosts.length} practice hosts: ${fold(fleet.value.hosts.map(({ name }) => name))}\n`);
  world.write(
    mode === 'namespaces'
      ? 'real /bin/sh in namespaces of their own; nothing of this machine can be changed\n'
      : `acting commands only: ${why ?? 'no namespaces here'}\n`,
  );
  world.write(`inventory: ${inventoryPath}\ntry: rollcall run all -i ${inventoryPath} -- uptime\n`);
  return ok(0);
};

/** A short maintenance, batch by batch, on the practice hosts that behave. */
export const practiceMaintenance = async (world: World, flags: RunFlags): Promise<Result<number>> => {
  const place = await placeOf(world, { ...flags, practice: flags.practice ?? true });
  if (!place.ok) return place;
  const hosts = place.value.practice?.hosts ?? [];
  const behaved = hosts.filter(({ character }) => character === 'steady').map(({ name }) => name);
  const others = hosts.filter(({ character }) => character !== 'steady');
  world.write(`a short maintenance on the practice fleet: ${behaved.length} hosts that behave\n`);
  world.write(`left out: ${others.map(({ name, character }) => `${name} (${character})`).join(', ')}\n\n`);
  const plan = adHocPlan({
    pattern: behaved.join(','),
    command: 'apt-get -q update && apt-get -y upgrade && systemctl restart nginx && uptime',
    module: 'shell',
    async: 600,
    poll: 1,
    serial: Math.ceil(behaved.length / 3),
    name: 'practice maintenance',
  });
  return startAndFollow(world, place.value, plan, flags, ['rollcall', '--practice']);
};

// The only place that decides which fleet a verb is about: -i, --practice, settings; never practice by accident.
import { fileURLToPath } from 'node:url';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { nodeDisk } from '../files/disk.ts';
import { loadSettings } from '../files/settings.ts';
import { ensurePractice } from '../practice/client.ts';
import type { PracticeFleet } from '../practice/fleet.ts';
import type { RunFlags } from './flags.ts';
import { type LoadedFleet, loadFleet } from './fleet.ts';
import { stateDirOf, type World } from './world.ts';

/** A fleet, and what else settings say. */
export type Place = LoadedFleet & {
  readonly stateDir: string;
  readonly forks: number | undefined;
  /** What flags and settings say of a mirror. */
  readonly mirror: string | undefined;
  readonly practice?: PracticeFleet;
};

/** How to start the practice fleet's process. */
export const practiceCommand = (): string[] => [process.execPath, fileURLToPath(new URL('../practice/main.ts', import.meta.url))];

/** @failure bad-input when no fleet was named */
export const placeOf = async (world: World, flags: RunFlags, playbookFolder?: string): Promise<Result<Place>> => {
  const stateDir = stateDirOf(world, flags.state);
  if (flags.become === true || flags.askBecomePass === true || flags.askPass === true) return fail(notYet);
  if (flags.practice !== undefined && flags.practice !== false) return practicePlace(world, stateDir, flags);
  const settings = await loadSettings({}, world, nodeDisk);
  if (!settings.ok) return settings;
  const { value } = settings;
  const inventory = flags.inventory ?? value.inventory;
  if (inventory === undefined || inventory.length === 0) return fail(noInventory);
  const remoteUser = flags.user ?? value.remoteUser;
  const privateKey = flags.privateKey ?? value.privateKey;
  const loaded = await loadFleet(world, {
    inventory,
    practice: 'no',
    ...(playbookFolder !== undefined && { playbookFolder }),
    ...(remoteUser !== undefined && { remoteUser }),
    ...(privateKey !== undefined && { privateKey }),
    ...(flags.transport !== undefined && { transport: flags.transport }),
    ...(flags.timeout !== undefined && { timeout: flags.timeout }),
    ...(value.label !== undefined && { label: value.label }),
    ...(value.hostKeyChecking !== undefined && { hostKeyChecking: value.hostKeyChecking }),
  });
  if (!loaded.ok) return loaded;
  return ok({ ...loaded.value, stateDir, forks: flags.forks ?? value.forks, mirror: flags.mirror ?? value.mirror });
};

const practicePlace = async (world: World, stateDir: string, flags: RunFlags): Promise<Result<Place>> => {
  const hosts = typeof flags.practice === 'string' ? Number(flags.practice) : 12;
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > 200) {
    return fail({ tag: 'bad-input', cause: `--practice takes a number of hosts from 1 to 200, not ${String(flags.practice)}` });
  }
  const practice = await ensurePractice({ stateDir, hosts, command: practiceCommand() });
  if (!practice.ok) return practice;
  const loaded = await loadFleet(world, { inventory: [practice.value.inventoryPath], practice: practice.value.mode });
  if (!loaded.ok) return loaded;
  return ok({ ...loaded.value, stateDir, forks: flags.forks, mirror: flags.mirror, practice: practice.value });
};

const noInventory: Failure = {
  tag: 'bad-input',
  cause: 'no inventory; name one with -i FILE or -i host1,host2, or play on the practice fleet with --practice',
};

const notYet: Failure = {
  tag: 'bad-input',
  cause: 'sudo and passwords (-b, -K, -k) are not supported yet; log in with a key as the user who may do it: -u NAME',
};

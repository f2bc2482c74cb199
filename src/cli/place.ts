// The only place that decides which fleet a verb is about: -i, --practice, settings; never practice by accident.
import { fileURLToPath } from 'node:url';
import { type BecomeWords, layBecome } from '../domain/become.ts';
import type { Failure } from '../domain/failure.ts';
import { isThisMachine } from '../domain/pattern.ts';
import { splitPattern } from '../domain/pattern-words.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Vars } from '../domain/value.ts';
import { nodeDisk } from '../files/disk.ts';
import { type LoadedInventory, readInventory } from '../files/inventory.ts';
import type { Settings } from '../files/setting-values.ts';
import { loadSettings } from '../files/settings.ts';
import { Vault } from '../files/vault.ts';
import { ensurePractice } from '../practice/client.ts';
import type { PracticeFleet } from '../practice/fleet.ts';
import type { SaidTimeouts } from '../ssh/reach-options.ts';
import { connectionVarsIn, readExtraVars } from './extra-vars.ts';
import type { RunFlags } from './flags.ts';
import { type LoadedFleet, loadFleet } from './fleet.ts';
import type { GivenWish } from './given.ts';
import { runScript } from './run-script.ts';
import { readSshHosts } from './ssh-config.ts';
import { fetchVaultSecrets } from './vault-secrets.ts';
import { stateDirOf, type World } from './world.ts';

/** A fleet, and what else settings say. */
export type Place = LoadedFleet & {
  readonly stateDir: string;
  readonly forks: number | undefined;
  /** What -e says. */
  readonly extraVars: Vars;
  /** What flags and settings say of passwords for the whole fleet. */
  readonly passwords: GivenWish;
  /** What flags and settings say of a mirror. */
  readonly mirror: string | undefined;
  readonly practice?: PracticeFleet;
  /** What flags and settings say of becoming another user. */
  readonly become: BecomeWords;
};

/** How to start the practice fleet's process. */
export const practiceCommand = (): string[] => [process.execPath, fileURLToPath(new URL('../practice/main.ts', import.meta.url))];

/** What is known of what will run before the fleet is: the playbook's folder, and the patterns, which may name this machine. */
export type Meant = { readonly playbookFolder?: string; readonly patterns?: readonly string[] };

/** @failure bad-input when no fleet was named, save where only this machine is meant */
export const placeOf = async (world: World, flags: RunFlags, { playbookFolder, patterns = [] }: Meant = {}): Promise<Result<Place>> => {
  const stateDir = stateDirOf(world, flags.state);
  const extraVars = await readExtraVars(flags.extraVars ?? [], world.cwd, nodeDisk);
  if (!extraVars.ok) return extraVars;
  if (flags.practice !== undefined && flags.practice !== false) return practicePlace(world, stateDir, flags, extraVars.value);
  const settings = await loadSettings({}, world, nodeDisk);
  if (!settings.ok) return settings;
  const { value } = settings;
  const thisMachine = [...new Set(patterns.flatMap(splitPattern).filter(isThisMachine))];
  const onlyThisMachine = patterns.length > 0 && patterns.every(isThisMachine);
  const inventory = flags.inventory ?? value.inventory ?? [];
  if (inventory.length === 0 && !onlyThisMachine) return noInventory(world, value);
  const remoteUser = flags.user ?? value.remoteUser;
  const privateKey = flags.privateKey ?? value.privateKey;
  const extra = connectionVarsIn(extraVars.value);
  const loaded = await loadFleet(world, {
    inventory,
    practice: 'no',
    ...(extra !== undefined && { extra }),
    thisMachine,
    ...(inventory.length === 0 && { label: 'localhost' }),
    vault: vaultOf(world, flags, value),
    ...(playbookFolder !== undefined && { playbookFolder }),
    ...(remoteUser !== undefined && { remoteUser }),
    ...(privateKey !== undefined && { privateKey }),
    ...(value.connection !== undefined && { connection: connectionOf(value.connection, flags) }),
    ...(flags.transport !== undefined && { transport: flags.transport }),
    timeouts: timeoutsOf(flags, value),
    ...(value.label !== undefined && { label: value.label }),
    ...(value.hostKeyChecking !== undefined && { hostKeyChecking: value.hostKeyChecking }),
  });
  if (!loaded.ok) return loaded;
  return ok({
    ...loaded.value,
    warnings: [...(value.warnings ?? []), ...loaded.value.warnings],
    stateDir,
    extraVars: extraVars.value,
    forks: flags.forks ?? value.forks,
    mirror: flags.mirror ?? value.mirror,
    passwords: passwordWish(flags, value),
    become: layBecome(becomeFlags(flags), value.become),
  });
};

/** Passwords are fetched when the first encrypted text is met. */
const vaultOf = (world: World, flags: RunFlags, settings: Settings): Vault =>
  new Vault(() =>
    fetchVaultSecrets(world, {
      ids: [...(settings.vaultIds ?? []), ...(flags.vaultId ?? [])],
      files: [
        ...(flags.vaultPasswordFile ?? []),
        ...(flags.vaultPassFile ?? []),
        ...(flags.vaultPasswordFile === undefined && settings.vaultPasswordFile !== undefined ? [settings.vaultPasswordFile] : []),
      ],
      ask: flags.askVaultPass === true || flags.askVaultPassword === true,
    }),
  );

/** An inventory and its warnings without what it takes to reach its hosts: nothing in it has to be decrypted. @failure bad-input */
export const inventoryOf = async (world: World, flags: RunFlags): Promise<Result<LoadedInventory>> => {
  if (flags.practice !== undefined && flags.practice !== false) {
    const practice = await startPractice(stateDirOf(world, flags.state), flags);
    return practice.ok ? readInventory([practice.value.inventoryPath], nodeDisk) : practice;
  }
  const settings = await loadSettings({}, world, nodeDisk);
  if (!settings.ok) return settings;
  const inventory = flags.inventory ?? settings.value.inventory;
  if (inventory === undefined || inventory.length === 0) return noInventory(world, settings.value);
  const read = await readInventory(inventory, nodeDisk, {
    runScript: runScript(world),
    readSshHosts: readSshHosts(world),
    vault: vaultOf(world, flags, settings.value),
  });
  return read.ok ? ok({ ...read.value, warnings: [...(settings.value.warnings ?? []), ...read.value.warnings] }) : read;
};

/** `-T` wins over a time that is only a setting. */
const connectionOf = (said: Vars, { timeout }: RunFlags): Vars =>
  Object.fromEntries(Object.entries(said).filter(([name]) => timeout === undefined || name !== 'ansible_ssh_timeout'));

const startPractice = async (stateDir: string, flags: RunFlags): Promise<Result<PracticeFleet>> => {
  const hosts = typeof flags.practice === 'string' ? Number(flags.practice) : 12;
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > 200) {
    return fail({ tag: 'bad-input', cause: `--practice takes a number of hosts from 1 to 200, not ${String(flags.practice)}` });
  }
  return ensurePractice({ stateDir, hosts, command: practiceCommand() });
};

const practicePlace = async (world: World, stateDir: string, flags: RunFlags, extraVars: Vars): Promise<Result<Place>> => {
  const practice = await startPractice(stateDir, flags);
  if (!practice.ok) return practice;
  const { inventoryPath, mode } = practice.value;
  const loaded = await loadFleet(world, { inventory: [inventoryPath], practice: mode, timeouts: timeoutsOf(flags, {}) });
  if (!loaded.ok) return loaded;
  return ok({
    ...loaded.value,
    stateDir,
    extraVars,
    forks: flags.forks,
    mirror: flags.mirror,
    passwords: passwordWish(flags, {}),
    practice: practice.value,
    become: becomeFlags(flags),
  });
};

const timeoutsOf = (flags: RunFlags, settings: Settings): SaidTimeouts => {
  const { timeout: connect, handshakeTimeout: handshake = settings.handshakeTimeout, replyTimeout: reply = settings.replyTimeout } = flags;
  return {
    ...(connect !== undefined && { connect }),
    ...(handshake !== undefined && { handshake }),
    ...(reply !== undefined && { reply }),
  };
};

/** A flag for one way to give a password wins over a setting for the other. */
const passwordWish = (flags: RunFlags, settings: GivenWish): GivenWish => {
  const login = flags.connectionPasswordFile ?? flags.connPassFile;
  const become = flags.becomePasswordFile ?? flags.becomePassFile;
  return {
    askPass: flags.askPass ?? (login === undefined && settings.connectionPasswordFile === undefined && settings.askPass),
    askBecomePass: flags.askBecomePass ?? (become === undefined && settings.becomePasswordFile === undefined && settings.askBecomePass),
    connectionPasswordFile: login ?? (flags.askPass === true ? undefined : settings.connectionPasswordFile),
    becomePasswordFile: become ?? (flags.askBecomePass === true ? undefined : settings.becomePasswordFile),
  };
};

const becomeFlags = ({ become, becomeUser, becomeMethod }: RunFlags): BecomeWords => ({
  ...(become === true && { become }),
  ...(becomeUser !== undefined && { user: becomeUser }),
  ...(becomeMethod !== undefined && { method: becomeMethod }),
});

/** What was said of settings tells why there may be none. */
const noInventory = (world: World, { warnings = [] }: Settings): Result<never> => {
  for (const warning of warnings) world.say(warning);
  return fail(nothingNamed);
};

const nothingNamed: Failure = {
  tag: 'bad-input',
  cause:
    'no inventory; name one with -i FILE or -i host1,host2, take the hosts of your ssh_config with -i ~/.ssh/config, ' +
    'or play on the practice fleet with --practice',
};

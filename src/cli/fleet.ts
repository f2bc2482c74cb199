// The only place that turns an inventory into a fleet as a run plans it: addresses, variables, label, identity.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Fleet, PlannedHost } from '../domain/event.ts';
import { type Inventory, variablesOf } from '../domain/inventory.ts';
import type { Entrusted } from '../domain/need.ts';
import { isThisMachine } from '../domain/pattern.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { layVars, type Vars } from '../domain/value.ts';
import { nodeDisk } from '../files/disk.ts';
import { readInventory } from '../files/inventory.ts';
import type { Vault } from '../files/vault.ts';
import { addressOf, configFileOf, queryOf, systemOf } from '../ssh/address.ts';
import type { SshConfig } from '../ssh/config.ts';
import type { SaidTimeouts } from '../ssh/reach-options.ts';
import { withRoute } from '../ssh/route.ts';
import { choiceWorld, whySystem } from './choose-transport.ts';
import { divideVars } from './closed-vars.ts';
import { folded, givenIn } from './given.ts';
import { runScript } from './run-script.ts';
import { readSshConfig, readSshHosts } from './ssh-config.ts';
import type { World } from './world.ts';

/** What the command line says about reaching hosts. */
export type FleetWish = {
  readonly inventory: readonly string[];
  /** Its `group_vars` and `host_vars` win over those beside the inventory. */
  readonly playbookFolder?: string;
  readonly remoteUser?: string;
  readonly privateKey?: string;
  readonly label?: string;
  readonly colour?: string;
  readonly hostKeyChecking?: boolean;
  readonly timeouts?: SaidTimeouts;
  /** What settings say of connections, as variables that every host's own win over. */
  readonly connection?: Vars;
  /** What -e says of them: it wins over every host's own. */
  readonly extra?: Vars;
  readonly transport?: 'auto' | 'ssh2' | 'openssh';
  readonly practice: Fleet['practice'];
  readonly vault?: Vault;
  /** Names of this machine that are meant although the inventory may not have them. */
  readonly thisMachine?: readonly string[];
};

/** An inventory and the fleet that it plans. */
export type LoadedFleet = {
  readonly inventory: Inventory;
  readonly fleet: Fleet;
  readonly warnings: readonly string[];
  /** What was encrypted, open, by host; it goes with a submission and is written nowhere. */
  readonly secretVars: ReadonlyMap<string, Vars>;
  /** Passwords in the variables of hosts, which the fleet itself does not hold. */
  readonly given: readonly Entrusted[];
};

/** Reads the inventory and works out how each host is reached. @failure bad-input */
export const loadFleet = async (world: World, wish: FleetWish): Promise<Result<LoadedFleet>> => {
  const read = await readInventory(wish.inventory, nodeDisk, {
    runScript: runScript(world),
    readSshHosts: readSshHosts(world),
    ...(wish.vault !== undefined && { vault: wish.vault }),
    ...(wish.playbookFolder !== undefined && { playbookFolder: wish.playbookFolder }),
  });
  if (!read.ok) return read;
  const { inventory, closed } = read.value;
  const [locked] = closed.locked;
  if (locked !== undefined) return fail({ tag: 'bad-input', cause: locked });
  const warnings = new Set(read.value.warnings);
  // The practice fleet is on this machine and has keys of its own: nothing that is said of `Host *` is about it.
  const configs = new Map<string | undefined, Result<SshConfig>>();
  const configFrom = async (named: string | undefined): Promise<Result<SshConfig>> => {
    const known = configs.get(named) ?? (await readSshConfig(world, named));
    configs.set(named, known);
    return known;
  };
  const choice = choiceWorld(world);
  const source = wish.inventory.map(named => (named.includes(',') ? named : resolve(world.cwd, named))).join(' ');
  const defaults = {
    home: world.home,
    cwd: world.cwd,
    localUser: world.user,
    env: world.env,
    ...(wish.timeouts !== undefined && { timeouts: wish.timeouts }),
    ...(wish.hostKeyChecking === false && { strictHostKeyChecking: 'no' as const }),
  };
  const wished = {
    ...defaults,
    ...(wish.remoteUser !== undefined && { remoteUser: wish.remoteUser }),
    ...(wish.privateKey !== undefined && { privateKey: wish.privateKey }),
  };
  const given: Entrusted[] = [];
  const hosts: PlannedHost[] = [];
  const secretVars = new Map<string, Vars>();
  for (const host of inventory.hosts.values()) {
    const divided = await divideVars(host, closed);
    if (!divided.ok) return divided;
    const { open, planned, secret } = divided.value;
    if (Object.keys(secret).length > 0) secretVars.set(host.name, secret);
    const stronger = wish.extra === undefined ? open : layVars(open, wish.extra);
    const words = wish.connection === undefined ? stronger : layVars(wish.connection, stronger);
    const config = wish.practice === 'no' ? await configFrom(configFileOf(words, world)) : undefined;
    if (config?.ok === false) return config;
    const options = await config?.value.optionsFor(queryOf(host.name, words, wish));
    if (options?.ok === false) return options;
    const said = options === undefined ? wished : { ...wished, sshConfig: options.value };
    const found = addressOf(host.name, words, said);
    if (!found.ok) return fail({ ...found.failure, cause: `${inventory.source}: ${host.name}: ${found.failure.cause}` });
    for (const warning of found.value.warnings) warnings.add(warning);
    const reached =
      config === undefined || found.value.address.local === true
        ? ok(found.value.address)
        : await withRoute(found.value.address, found.value.route, config.value, defaults);
    if (!reached.ok) return reached;
    const why =
      wish.transport === 'ssh2' || wish.practice !== 'no' || found.value.address.local === true
        ? undefined
        : whySystem(reached.value, found.value.said, choice);
    const system =
      (wish.transport === 'openssh' && found.value.address.local !== true) || why !== undefined
        ? systemOf(host.name, words, said)
        : undefined;
    if (system?.ok === false) return system;
    const address =
      system === undefined ? reached.value : { ...reached.value, system: { ...system.value, ...(why !== undefined && { why }) } };
    for (const [keyword, [value = '']] of system === undefined ? (options?.value ?? []) : [])
      if (passedOver.has(keyword) && !/^(?:no|false|none)$/.test(value))
        warnings.add(`ssh_config: ${keyword} is not honoured yet; --transport openssh goes over ssh itself`);
    const hops = address.via?.length ?? 0;
    const gate = (address.via?.[0] ?? address).host;
    const vars = variablesOf({ ...host, vars: open });
    const own = givenIn(source, address, wish.extra === undefined ? vars : variablesOf({ ...host, vars: stronger }));
    given.push(...own.given);
    for (const warning of own.warnings) warnings.add(warning);
    hosts.push({
      name: host.name,
      address,
      gate,
      ...(hops > 0 && { hops }),
      groups: host.groups,
      vars: withoutPasswords(planned === open ? vars : variablesOf({ ...host, vars: planned })),
    });
  }
  if (![...inventory.hosts.keys()].some(isThisMachine))
    for (const name of wish.thisMachine ?? [])
      hosts.push(thisMachine(name, world, closed.located(inventory.groups.get('all')?.vars ?? {}) as Vars));
  const label = wish.label ?? inventory.label ?? fileName(inventory.source);
  const colour = wish.colour ?? inventory.labelColour;
  const content = { label, colour, source, practice: wish.practice, hosts };
  const id = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return ok({
    inventory,
    warnings: [...warnings],
    secretVars,
    given: folded(given),
    fleet: { id, label, ...(colour !== undefined && { colour }), source, practice: wish.practice, hosts },
  });
};

/** This machine as Ansible has it without a word of an inventory: in no group, with the variables of `all`. */
const thisMachine = (name: string, world: World, vars: Vars): PlannedHost => ({
  name,
  address: {
    name,
    host: '127.0.0.1',
    port: 22,
    user: world.user,
    identityFiles: [],
    knownHostsFiles: [],
    strictHostKeyChecking: 'yes',
    local: true,
  },
  gate: name,
  groups: [],
  vars: withoutPasswords(variablesOf({ name, groups: [], vars: layVars(vars, { ansible_connection: 'local' }) })),
});

/** What templates of these hosts need beside the plan; passwords of logins go another way. */
export const secretVarsFor = (
  { secretVars }: LoadedFleet,
  hosts: readonly string[],
): { readonly secretVars?: Readonly<Record<string, Vars>> } => {
  const meant = [...new Set(hosts)].flatMap(host => {
    const vars = withoutPasswords(secretVars.get(host) ?? {});
    return Object.keys(vars).length > 0 ? [[host, vars] as const] : [];
  });
  return meant.length > 0 ? { secretVars: Object.fromEntries(meant) } : {};
};

/** What would change how a host is reached or believed, and does not yet. */
const passedOver: ReadonlySet<string> = new Set([
  'canonicalizepermittedcnames',
  'casignaturealgorithms',
  'checkhostip',
  'forwardagent',
  'hostbasedauthentication',
  'nohostauthenticationforlocalhost',
  'pubkeyacceptedalgorithms',
  'requiredrsasize',
  'revokedhostkeys',
  'verifyhostkeydns',
]);

/** What Ansible logs in and becomes with. It is of no use to a template, and the journal must not hold it. */
const passwords = /^ansible_(?:(?:\w+_)?pass(?:word|phrase)?|ssh_private_key)$/;

export const withoutPasswords = (vars: Vars): Vars =>
  Object.keys(vars).some(name => passwords.test(name))
    ? Object.fromEntries(Object.entries(vars).filter(([name]) => !passwords.test(name)))
    : vars;

/** `config` alone would say nothing. */
const fileName = (source: string): string => /(?:[^/]*\/)?config$|[^/]*$/.exec(source)?.[0] || source;

// The only place that says what can be set without a flag, and which word wins:
// flags > environment > rollcall.yml (project, then XDG config) > ansible.cfg. Defaults are whoever uses a setting's.
import { join } from 'node:path';
import { type BecomeWords, layBecome } from '../domain/become.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import { layVars, type Value } from '../domain/value.ts';
import { parseAnsibleCfg } from './ansible-cfg.ts';
import type { Disk } from './disk.ts';
import { readText } from './disk.ts';
import { parseRollcallYml } from './rollcall-yml.ts';
import type { Settings } from './setting-values.ts';
import { connectionWords, readBecome, readConnection, readForks, readPath, readPaths, readTruth, readVaultIds } from './setting-values.ts';

/** Where a process looks for settings. */
export type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
};

/** The strongest word for each setting; layers stand from the strongest to the weakest. */
export const resolveSettings = (...layers: readonly Settings[]): Settings => {
  const become = layers.reduceRight<BecomeWords>((weaker, layer) => layBecome(layer.become ?? {}, weaker), {});
  const connection = layVars(...layers.toReversed().map(layer => layer.connection ?? {}));
  return {
    ...Object.assign({}, ...layers.toReversed()),
    ...(Object.keys(become).length > 0 && { become }),
    ...(Object.keys(connection).length > 0 && { connection }),
  };
};

/** Reads environment and files and lays them under the flags. Fails on the first word that makes no sense. */
export const loadSettings = async (flags: Settings, around: Surroundings, disk: Disk): Promise<Result<Settings>> => {
  const layers = [flags];
  const here = await disk(around.cwd);
  // Who may put a file there must not say whom we log in to, as whom, and where the journal is copied to.
  const refused =
    here.kind === 'folder' && here.openToAll === true ? ['ansible.cfg', 'rollcall.yml'].filter(name => here.names.includes(name)) : [];
  for (const read of [
    readEnvironment(around),
    refused.includes('rollcall.yml') ? ok({}) : await readRollcallYml(join(around.cwd, 'rollcall.yml'), around, disk),
    await readRollcallYml(join(configFolder(around), 'rollcall', 'rollcall.yml'), around, disk),
    await readAnsibleCfg(around, disk, !refused.includes('ansible.cfg')),
  ]) {
    if (!read.ok) return read;
    layers.push(read.value);
  }
  const warnings = refused.map(name => `everybody may write into ${around.cwd}, so its ${name} is not read; chmod o-w ${around.cwd}`);
  if (warnings.length > 0) layers.push({ warnings });
  return ok(resolveSettings(...layers));
};

/** Ansible's variables, by Ansible's names. */
export const readEnvironment = ({ env, cwd, home }: Surroundings): Result<Settings> => {
  const set = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const forks = set('ANSIBLE_FORKS');
  const checking = set('ANSIBLE_SSH_HOST_KEY_CHECKING') ?? set('ANSIBLE_HOST_KEY_CHECKING');
  const inventory = set('ANSIBLE_INVENTORY');
  const privateKey = set('ANSIBLE_PRIVATE_KEY_FILE');
  const login = set('ANSIBLE_CONNECTION_PASSWORD_FILE');
  const becoming = set('ANSIBLE_BECOME_PASSWORD_FILE');
  const asks: { askPass?: boolean; askBecomePass?: boolean } = {};
  for (const [key, name] of [
    ['askPass', 'ANSIBLE_ASK_PASS'],
    ['askBecomePass', 'ANSIBLE_BECOME_ASK_PASS'],
  ] as const) {
    const said = set(name);
    const truth = said === undefined ? undefined : readTruth(said);
    if (truth?.ok === false) return refuse(`${name}: ${truth.failure}`);
    if (truth !== undefined) asks[key] = truth.value;
  }
  const remoteUser = set('ANSIBLE_REMOTE_USER');
  const vaultFile = set('ANSIBLE_VAULT_PASSWORD_FILE');
  const vaultIds = set('ANSIBLE_VAULT_IDENTITY_LIST');
  const count = forks === undefined ? ok(undefined) : readForks(forks);
  if (!count.ok) return refuse(`ANSIBLE_FORKS: ${count.failure}`);
  const truth = checking === undefined ? ok(undefined) : readTruth(checking);
  if (!truth.ok) return refuse(`ANSIBLE_HOST_KEY_CHECKING: ${truth.failure}`);
  const connection: Record<string, Value> = {};
  for (const { variable, env: names } of connectionWords) {
    const name = names.findLast(one => set(one) !== undefined);
    if (name === undefined) continue;
    const read = readConnection(variable, set(name) ?? '');
    if (!read.ok) return refuse(`${name} ${read.failure}`);
    connection[variable] = read.value;
  }
  let become: BecomeWords = {};
  for (const word of ['become', 'become_user', 'become_method', 'become_flags', 'become_exe']) {
    const text = set(`ANSIBLE_${word.toUpperCase()}`);
    const said = text === undefined ? ok({}) : readBecome(word, text);
    if (!said.ok) return refuse(`ANSIBLE_${word.toUpperCase()}: ${said.failure}`);
    become = { ...become, ...said.value };
  }
  return ok({
    ...(Object.keys(become).length > 0 && { become }),
    ...(Object.keys(connection).length > 0 && { connection }),
    ...(inventory !== undefined && { inventory: readPaths(inventory, cwd, home) }),
    ...(count.value !== undefined && { forks: count.value }),
    ...(vaultFile !== undefined && { vaultPasswordFile: readPath(vaultFile, cwd, home) }),
    ...(vaultIds !== undefined && { vaultIds: readVaultIds(vaultIds, cwd, home) }),
    ...(remoteUser !== undefined && { remoteUser }),
    ...(privateKey !== undefined && { privateKey: readPath(privateKey, cwd, home) }),
    ...(truth.value !== undefined && { hostKeyChecking: truth.value }),
    ...(login !== undefined && { connectionPasswordFile: readFile(login, cwd, home) }),
    ...(becoming !== undefined && { becomePasswordFile: readFile(becoming, cwd, home) }),
    ...asks,
  });
};

const readRollcallYml = async (path: string, { home }: Surroundings, disk: Disk): Promise<Result<Settings>> => {
  const found = await disk(path);
  if (found.kind === 'missing') return ok({});
  const text = await readText(disk, path, 'settings file');
  return text.ok ? parseRollcallYml(path, text.value, home) : text;
};

/** The first that exists counts, the others are not read; that of the current folder only where it may be believed. @see Ansible, "The configuration file" */
const readAnsibleCfg = async ({ env, cwd, home }: Surroundings, disk: Disk, takesOwn: boolean): Promise<Result<Settings>> => {
  const named = env['ANSIBLE_CONFIG'];
  const own = named === undefined || named === '' ? [] : [readPath(named, cwd, home)];
  for (const candidate of [
    ...own,
    ...(takesOwn ? [join(cwd, 'ansible.cfg')] : []),
    join(home, '.ansible.cfg'),
    '/etc/ansible/ansible.cfg',
  ]) {
    const found = await disk(candidate);
    if (found.kind === 'missing') continue;
    const path = found.kind === 'folder' ? join(candidate, 'ansible.cfg') : candidate;
    if (found.kind === 'folder' && (await disk(path)).kind === 'missing') continue;
    const text = await readText(disk, path, 'settings file');
    return text.ok ? parseAnsibleCfg(path, text.value, home) : text;
  }
  return ok({});
};

const configFolder = ({ env, home }: Surroundings): string => env['XDG_CONFIG_HOME'] || join(home, '.config');

/** `-` is standard input. */
const readFile = (text: string, folder: string, home: string): string => (text === '-' ? text : readPath(text, folder, home));

const refuse = (cause: string) => fail({ tag: 'bad-input', cause } as const);

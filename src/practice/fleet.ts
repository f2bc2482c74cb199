// The only place for what the practice fleet tells others about itself, and for the files that make it usable:
// an Ansible inventory, a known_hosts file and a private key. It must not know how hosts run commands.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Character, GroupName } from './cast.ts';

/** What practice hosts run: a real `/bin/sh` in namespaces, or a fixed list of acting commands. */
export type PracticeMode = 'namespaces' | 'acting';

/** One practice host as others see it. */
export type PracticeHost = {
  readonly name: string;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly groups: readonly string[];
  readonly character: Character;
};

/** A living practice fleet, ready to be connected to. */
export type PracticeFleet = {
  readonly mode: PracticeMode;
  /** Why it only acts; absent when it runs a real shell. */
  readonly why?: string;
  readonly hosts: readonly PracticeHost[];
  readonly privateKeyPath: string;
  readonly knownHostsPath: string;
  readonly user: string;
  /** A ready inventory in Ansible's YAML format. */
  readonly inventoryPath: string;
  /** The fleet's own process. */
  readonly pid: number;
};

/** The account on every practice host. */
export const practiceUser = 'ops';

/** Where the practice fleet of a state folder keeps its things. */
export const practiceFolder = (stateDir: string): string => join(stateDir, 'practice');

/** The files of a fleet inside its {@link practiceFolder}. */
export const fleetFiles = (folder: string) => ({
  privateKeyPath: join(folder, 'id_ed25519'),
  knownHostsPath: join(folder, 'known_hosts'),
  inventoryPath: join(folder, 'hosts.yml'),
  processesPath: join(folder, 'processes'),
  logPath: join(folder, 'log'),
});

/** Writes inventory and known_hosts of the fleet. `keys` holds each host's public key line by host name. */
export const writeFleetFiles = (fleet: PracticeFleet, keys: ReadonlyMap<string, string>): void => {
  const known = fleet.hosts.map(host => `[127.0.0.1]:${host.port} ${keys.get(host.name) ?? ''}\n`);
  writeFileSync(fleet.knownHostsPath, known.join(''), { mode: 0o600 });
  writeFileSync(fleet.inventoryPath, inventoryOf(fleet), { mode: 0o600 });
};

/** The inventory text: every group that has hosts, everything shared under `all`. */
export const inventoryOf = (fleet: PracticeFleet): string => {
  const groups = [...new Set(fleet.hosts.flatMap(host => host.groups))];
  const lines = [
    '# The practice fleet of Rollcall: lives on 127.0.0.1, is made and removed with its own process.',
    'all:',
    '  vars:',
    '    label: PRACTICE',
    `    practice_mode: ${fleet.mode}`,
    '    ansible_host: 127.0.0.1',
    `    ansible_user: ${fleet.user}`,
    `    ansible_ssh_private_key_file: ${JSON.stringify(fleet.privateKeyPath)}`,
    `    ansible_ssh_common_args: ${JSON.stringify(commonArguments(fleet.knownHostsPath))}`,
    '  children:',
    ...groups.flatMap(group => [`    ${group}:`, '      hosts:', ...hostLines(fleet, group)]),
  ];
  return `${lines.join('\n')}\n`;
};

const hostLines = (fleet: PracticeFleet, group: string): string[] =>
  fleet.hosts
    .filter(host => host.groups.includes(group))
    .map(host => `        ${host.name}: {ansible_port: ${host.port}, practice_character: ${host.character}}`);

/** A path with blanks needs quotes for ssh inside quotes for the word splitting of Ansible. */
const commonArguments = (knownHostsPath: string): string => {
  const plain = /^[\w./@+:-]+$/.test(knownHostsPath);
  const option = plain ? `-o UserKnownHostsFile=${knownHostsPath}` : `-o 'UserKnownHostsFile="${knownHostsPath}"'`;
  return `${option} -o StrictHostKeyChecking=yes`;
};

/** The groups of a host: one. */
export const groupsOf = (group: GroupName): readonly string[] => [group];

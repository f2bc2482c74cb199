// The only place that reads ansible.cfg: of its INI form what we honour, with line and column where a value is wrong.
// The rest of the file belongs to Ansible and is passed over.
import { dirname } from 'node:path';
import type { Failure } from '../domain/failure.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Value } from '../domain/value.ts';
import type { Settings } from './setting-values.ts';
import {
  connectionWords,
  readBecome,
  readConnection,
  readForks,
  readPath,
  readPaths,
  readTruth,
  readVaultIds,
  unquoted,
} from './setting-values.ts';

type Line = { readonly section: string; readonly key: string; value: string; readonly at: string };

/** Reads the text of an ansible.cfg; relative paths are seen from its folder. */
export const parseAnsibleCfg = (path: string, text: string, home: string): Result<Settings> => {
  const lines = readIni(path, text);
  if (!lines.ok) return lines;
  const folder = dirname(path);
  const isSet = (section: string, key: string): boolean => lines.value.some(line => line.section === section && line.key === key);
  let settings: Settings = {};
  for (const { section, key, value, at } of lines.value) {
    if (value === '') continue;
    if (section === 'privilege_escalation' && key === 'become_ask_pass') {
      const truth = readTruth(value);
      if (!truth.ok) return refuse(`${at}: become_ask_pass ${truth.failure}`);
      settings = { ...settings, askBecomePass: truth.value };
    }
    if (section === 'privilege_escalation') {
      const become = readBecome(key, value);
      if (!become.ok) return refuse(`${at}: ${become.failure}`);
      settings = { ...settings, become: { ...settings.become, ...become.value } };
    }
    if (key === 'host_key_checking' && (section === 'defaults' || section === 'ssh_connection')) {
      const truth = readTruth(value);
      if (!truth.ok) return refuse(`${at}: host_key_checking ${truth.failure}`);
      if (section === 'ssh_connection' || !isSet('ssh_connection', key)) settings = { ...settings, hostKeyChecking: truth.value };
    }
    if (section !== 'defaults') continue;
    if (key === 'connection_password_file') settings = { ...settings, connectionPasswordFile: readPath(value, folder, home) };
    if (key === 'become_password_file') settings = { ...settings, becomePasswordFile: readPath(value, folder, home) };
    if (key === 'ask_pass') {
      const truth = readTruth(value);
      if (!truth.ok) return refuse(`${at}: ask_pass ${truth.failure}`);
      settings = { ...settings, askPass: truth.value };
    }
    if (key === 'inventory') settings = { ...settings, inventory: readPaths(value, folder, home) };
    if (key === 'vault_password_file') settings = { ...settings, vaultPasswordFile: readPath(value, folder, home) };
    if (key === 'vault_identity_list') settings = { ...settings, vaultIds: readVaultIds(value, folder, home) };
    if (key === 'remote_user') settings = { ...settings, remoteUser: unquoted(value) };
    if (key === 'private_key_file') settings = { ...settings, privateKey: readPath(value, folder, home) };
    if (key === 'forks') {
      const forks = readForks(value);
      if (!forks.ok) return refuse(`${at}: ${forks.failure}`);
      settings = { ...settings, forks: forks.value };
    }
  }
  const connection: Record<string, Value> = {};
  for (const { variable, ini } of connectionWords) {
    const line = ini
      .map(name => lines.value.find(({ section, key, value }) => `${section} ${key}` === name && value !== ''))
      .findLast(Boolean);
    if (line === undefined) continue;
    const read = readConnection(variable, line.value);
    if (!read.ok) return refuse(`${line.at}: ${line.key} ${read.failure}`);
    connection[variable] = read.value;
  }
  return ok(Object.keys(connection).length === 0 ? settings : { ...settings, connection });
};

/** Sections of `key = value`; an indented line goes on with the value above it. @see Python's configparser, which Ansible uses */
const readIni = (path: string, text: string): Result<readonly Line[]> => {
  const lines: Line[] = [];
  let section: string | undefined;
  for (const [index, written] of text.split(/\r?\n/).entries()) {
    const line = written.replace(/\s;.*$/, '').trimEnd();
    if (line.trim() === '' || /^\s*[#;]/.test(line)) continue;
    const at = `${path}:${index + 1}:1`;
    const last = lines.at(-1);
    if (/^\s/.test(line) && last !== undefined) {
      last.value += `\n${line.trim()}`;
      continue;
    }
    const header = /^\[([^\]]+)\]/.exec(line);
    if (header?.[1] !== undefined) {
      section = header[1].trim();
      continue;
    }
    if (section === undefined) return refuse(`${at}: a setting must stand below a section; write [defaults] above it`);
    const pair = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line);
    if (pair === null) return refuse(`${at}: "${line}" is no setting; write name = value`);
    const key = (pair[1] ?? '').trim().toLowerCase();
    if (lines.some(known => known.section === section && known.key === key))
      return refuse(`${at}: ${key} is set twice in [${section}]; take one out`);
    lines.push({ section, key, value: pair[2] ?? '', at });
  }
  return ok(lines);
};

const refuse = (cause: string): { readonly ok: false; readonly failure: Failure } => fail({ tag: 'bad-input', cause });

// The only place that reads rollcall.yml, our own settings file; its keys are Ansible's words where Ansible has one.
import { dirname } from 'node:path';
import { parseMirrorPlace } from '../domain/mirror-place.ts';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import { didYouMean } from './keywords.ts';
import type { Settings } from './setting-values.ts';
import { readForks, readPath, readPaths, readTimeout } from './setting-values.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode, parseYaml } from './yaml.ts';
import { Fields, isNothing } from './yaml-fields.ts';
import type { YamlEntry } from './yaml-node.ts';

const timeouts = { handshake_timeout: 'handshakeTimeout', reply_timeout: 'replyTimeout' } as const;
const known = ['label', 'inventory', 'forks', 'remote_user', 'private_key_file', 'host_key_checking', 'mirror', ...Object.keys(timeouts)];

/** Reads the text of a rollcall.yml; relative paths are seen from its folder. An empty file sets nothing. */
export const parseRollcallYml = (path: string, text: string, home: string): Result<Settings> => {
  const parsed = parseYaml(path, text);
  if (!parsed.ok) return parsed;
  const file = parsed.value;
  if (file.root === undefined || isNothing(file.root)) return ok({});
  if (file.root.kind !== 'map')
    return file.refuse(file.root.at, `settings are a mapping, found ${describeNode(file.root)}; write for example label: PROD`);
  const fields = new Fields(file, file.root);
  for (const { key, at } of fields.entries) {
    if (!known.includes(key)) return file.refuse(at, `${key} is no setting${didYouMean(key, known)}; there are ${known.join(', ')}`);
  }
  const label = readLabel(file, fields);
  if (!label.ok) return label;
  const inventory = readInventory(fields, dirname(path), home);
  if (!inventory.ok) return inventory;
  const forks = readCount(file, fields.find('forks'));
  if (!forks.ok) return forks;
  let times: Settings = {};
  for (const [key, setting] of Object.entries(timeouts)) {
    const entry = fields.find(key);
    if (entry === undefined) continue;
    const time = readTimeout(entry.value.kind === 'scalar' ? entry.value.text : describeNode(entry.value));
    if (!time.ok) return file.refuse(entry.value.at, `${key} ${time.failure}`);
    times = { ...times, [setting]: time.value };
  }
  const remoteUser = fields.text('remote_user', 'ops');
  if (!remoteUser.ok) return remoteUser;
  const privateKey = fields.text('private_key_file', '~/.ssh/id_ed25519');
  if (!privateKey.ok) return privateKey;
  const checking = fields.truth('host_key_checking');
  if (!checking.ok) return checking;
  const mirror = readMirror(file, fields, dirname(path), home);
  if (!mirror.ok) return mirror;
  return ok({
    ...label.value,
    ...times,
    ...(mirror.value !== undefined && { mirror: mirror.value }),
    ...(inventory.value !== undefined && { inventory: inventory.value }),
    ...(forks.value !== undefined && { forks: forks.value }),
    ...(remoteUser.value !== undefined && { remoteUser: remoteUser.value }),
    ...(privateKey.value !== undefined && { privateKey: readPath(privateKey.value, dirname(path), home) }),
    ...(checking.value !== undefined && { hostKeyChecking: checking.value }),
  });
};

/** `label: PROD` or `label: { text: PROD, colour: red }`. */
const readLabel = (file: YamlFile, fields: Fields): Result<Settings> => {
  const entry = fields.find('label');
  if (entry === undefined) return ok({});
  if (entry.value.kind === 'scalar') return ok({ label: entry.value.text });
  if (entry.value.kind === 'list') return fields.wrong(entry, 'a word', 'PROD');
  const inner = new Fields(file, entry.value);
  const text = inner.text('text', 'PROD');
  if (!text.ok) return text;
  const colour = inner.text('colour', 'red');
  if (!colour.ok) return colour;
  return ok({ ...(text.value !== undefined && { label: text.value }), ...(colour.value !== undefined && { labelColour: colour.value }) });
};

const readInventory = (fields: Fields, folder: string, home: string): Result<readonly string[] | undefined> => {
  const entry = fields.find('inventory');
  if (entry === undefined) return ok(undefined);
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const paths = nodes.map(node => (node.kind === 'scalar' && node.text !== '' ? readPaths(node.text, folder, home) : undefined));
  if (paths.length === 0 || paths.includes(undefined)) return fields.wrong(entry, 'a path or a list of paths', 'hosts.yml');
  return ok(paths.flatMap(sources => sources ?? []));
};

/** A folder is seen from the file, as every path is; HOST:PATH is left as it is. */
const readMirror = (file: YamlFile, fields: Fields, folder: string, home: string): Result<string | undefined> => {
  const text = fields.text('mirror', 'backup1:rollcall-mirror');
  if (!text.ok || text.value === undefined || text.value === 'none') return text;
  const place = parseMirrorPlace(text.value, path => readPath(path, folder, home));
  if (place.ok) return ok(place.value.text);
  const entry = fields.find('mirror');
  return entry === undefined ? place : file.refuse(entry.value.at, place.failure.cause);
};

const readCount = (file: YamlFile, entry: YamlEntry | undefined): Result<number | undefined> => {
  if (entry === undefined) return ok(undefined);
  const forks = readForks(entry.value.kind === 'scalar' ? entry.value.text : describeNode(entry.value));
  return forks.ok ? forks : file.refuse(entry.value.at, forks.failure);
};

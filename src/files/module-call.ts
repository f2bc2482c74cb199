// The only place that reads how a task calls its module: `shell: ls`, `shell: {cmd: ls}`, `debug: msg=hi`, `args:`.
// Which modules there are, and what they take, is domain/task's.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { ModuleCall, ModuleName } from '../domain/task.ts';
import { moduleShape, moduleShapes, shortName } from '../domain/task.ts';
import type { Value } from '../domain/value.ts';
import { didYouMean } from './keywords.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode, plainValue } from './yaml.ts';
import { isNothing } from './yaml-fields.ts';
import type { YamlEntry } from './yaml-node.ts';

/** Options of Ansible's shell and command that may stand between the words of the command. */
const inlineOptions = ['chdir', 'creates', 'removes', 'executable', 'stdin', 'stdin_add_newline', 'strip_empty_ends', 'warn'];

type Argument = { readonly name: string; readonly value: Value; readonly at: number };

/** Reads the entry that names a module and, where there is one, the task's `args:`. */
export const readModuleCall = (file: YamlFile, entry: YamlEntry, extra: YamlEntry | undefined): Result<ModuleCall> => {
  const name = shortName(entry.key);
  const shape = moduleShape(name);
  if (shape === undefined) {
    const known = Object.keys(moduleShapes);
    return file.refuse(entry.at, `the module ${entry.key} is not supported yet${didYouMean(name, known)}; there are ${known.join(', ')}`);
  }
  const own = readArguments(file, entry, shape.freeForm);
  if (!own.ok) return own;
  const more = extra === undefined ? ok([]) : readMapping(file, extra);
  if (!more.ok) return more;
  const args: Record<string, Value> = {};
  for (const argument of [...more.value, ...own.value]) {
    if (shape.arguments !== 'any' && !shape.arguments.includes(argument.name)) {
      return file.refuse(
        argument.at,
        `${argument.name} is not supported for ${name} yet${didYouMean(argument.name, shape.arguments)}; it takes ${shape.arguments.join(', ')}`,
      );
    }
    args[argument.name] = argument.value;
  }
  for (const needed of shape.required) {
    if (args[needed] === undefined || args[needed] === null)
      return file.refuse(entry.at, `${name} needs ${needed}; write \`${needed}: …\` below it`);
  }
  if (name === 'command' && args['cmd'] === undefined && args['argv'] === undefined) {
    return file.refuse(entry.at, 'command needs a command; write `cmd: …` below it');
  }
  return ok({ name: name as ModuleName, args });
};

const readArguments = (file: YamlFile, entry: YamlEntry, freeForm: string | undefined): Result<readonly Argument[]> => {
  const { value: node } = entry;
  if (isNothing(node)) return ok([]);
  if (node.kind === 'map') return readMapping(file, entry);
  if (node.kind === 'list') {
    return file.refuse(
      node.at,
      `${entry.key}: must be a text or a mapping of arguments, found ${describeNode(node)}; write its arguments as \`name: value\``,
    );
  }
  const found: Argument[] = [];
  const rest: string[] = [];
  for (const piece of node.text.match(pieces) ?? []) {
    const pair = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(piece);
    const name = pair?.[1];
    if (name === undefined || (freeForm !== undefined && !inlineOptions.includes(name))) rest.push(piece);
    else found.push({ name, value: unquote(pair?.[2] ?? ''), at: node.at });
  }
  // Without options the text is taken as it was written, line breaks and all.
  const command = found.length === 0 ? node.text.trim() : rest.join('').trim();
  if (freeForm !== undefined) return ok(command === '' ? found : [...found, { name: freeForm, value: command, at: node.at }]);
  if (command === '') return ok(found);
  return file.refuse(node.at, `${entry.key}: "${rest.join('').trim()}" is no argument; write its arguments as \`name: value\` below it`);
};

/** Blanks, or a run of what is no blank outside quotes and braces. */
const pieces = /\s+|(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\{\{.*?\}\}|\{%.*?%\}|\\.|[^\s])+/gs;

const unquote = (text: string): string => /^(["'])([\s\S]*)\1$/.exec(text)?.[2] ?? text;

const readMapping = (file: YamlFile, entry: YamlEntry): Result<readonly Argument[]> => {
  if (entry.value.kind !== 'map') {
    return file.refuse(
      entry.value.at,
      `${entry.key}: must be a mapping of arguments, found ${describeNode(entry.value)}; write \`name: value\` below it`,
    );
  }
  return ok(entry.value.entries.map(argument => ({ name: argument.key, value: plainValue(argument.value), at: argument.at })));
};

// The only place for the command module: words instead of a shell's text; nothing in them is special to a shell.
import { ok } from '../domain/result.ts';
import { listArgument, textArgument } from './arguments.ts';
import type { Module } from './module.ts';
import { refuse } from './module.ts';
import { scriptIn } from './shell.ts';
import { joinWords, quoteExpanding, splitWords } from './words.ts';

/** `cmd` or `argv`, `chdir`. */
export const command: Module = (args, reader) => {
  const text = textArgument(args, 'cmd', reader);
  if (!text.ok) return text;
  const list = listArgument(args, 'argv', reader);
  if (!list.ok) return list;
  if (text.value !== undefined && list.value !== undefined) return refuse('only one of cmd and argv can be given');
  const words = list.value === undefined ? splitWords(text.value ?? '') : ok(list.value);
  if (!words.ok) return words;
  if (words.value.length === 0 || words.value[0] === '') return refuse('the command is empty');
  const folder = textArgument(args, 'chdir', reader);
  if (!folder.ok) return folder;
  const script = scriptIn(folder.value, `exec ${words.value.map(quoteExpanding).join(' ')}`);
  if (script.includes('\0')) return refuse('the command holds a NUL byte; take it out');
  return ok({ kind: 'job', script, command: text.value ?? joinWords(words.value) });
};

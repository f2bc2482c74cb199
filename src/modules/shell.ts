// The only place for the shell module: a text that /bin/sh on the host runs, in a folder of its own if asked.
import { ok } from '../domain/result.ts';
import { textArgument } from './arguments.ts';
import type { Module } from './module.ts';
import { refuse } from './module.ts';
import { quoteExpanding } from './words.ts';

/** `cmd`, `chdir`. */
export const shell: Module = (args, reader) => {
  const command = textArgument(args, 'cmd', reader);
  if (!command.ok) return command;
  if (command.value === undefined || command.value.trim() === '') return refuse('the command is empty');
  const folder = textArgument(args, 'chdir', reader);
  if (!folder.ok) return folder;
  const script = scriptIn(folder.value, command.value);
  return script.includes('\0') ? refuse('the command holds a NUL byte; take it out') : ok({ kind: 'job', script, command: command.value });
};

/** The script that changes folder first; it ends with 1 and a word on stderr when it cannot. */
export const scriptIn = (folder: string | undefined, text: string): string => {
  const lines = text.replaceAll('\r\n', '\n');
  return folder === undefined || folder === '' ? lines : `cd -- ${quoteExpanding(folder)} || exit 1\n${lines}`;
};

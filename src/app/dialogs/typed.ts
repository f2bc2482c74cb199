// The only place for what keys do in the lines that find things: palette, filter, search in a log.

import { type Command, placeOf } from '../commands/command.ts';
import { commands } from '../commands.ts';
import type { Console, Mode } from '../console-state.ts';
import type { Hands } from '../hands.ts';
import { edit } from '../line-editor.ts';

/** Commands whose name or title holds what was typed; those that work here stand first. */
export const paletteEntries = (console: Console, typed: string): readonly Command[] => {
  const wanted = typed.trim().toLowerCase();
  const place = placeOf(console);
  const found = commands.filter(command => command.id !== 'palette' && `${command.id} ${command.title}`.toLowerCase().includes(wanted));
  const rank = (command: Command): number => (command.places.includes(place) ? 0 : 2) + (command.id.startsWith(wanted) ? 0 : 1);
  return [...found].sort((a, b) => rank(a) - rank(b));
};

/** A key in the palette. */
export const paletteKey = (mode: Mode & { kind: 'palette' }, key: string, hands: Hands) => {
  if (key === 'esc') return hands.close();
  const entries = paletteEntries(hands.see(), mode.line.text);
  if (key === 'down' || key === 'tab' || key === 'ctrl-n') return hands.swap({ ...mode, at: Math.min(entries.length - 1, mode.at + 1) });
  if (key === 'up' || key === 'shift-tab' || key === 'ctrl-p') return hands.swap({ ...mode, at: Math.max(0, mode.at - 1) });
  if (key === 'enter') {
    const command = entries[mode.at];
    if (command === undefined) return hands.toast(`no command is called "${mode.line.text}"`);
    hands.close();
    return runCommand(command, hands);
  }
  if (key === 'backspace' && mode.line.text === '') return hands.close();
  const line = edit(mode.line, key);
  if (line !== undefined) hands.swap({ ...mode, line, at: 0 });
};

/** Runs a command, or says why it can't be done now. */
export const runCommand = (command: Command, hands: Hands) => {
  const console = hands.see();
  if (!command.places.includes(placeOf(console)))
    return hands.toast(`${command.id} does not work here; it works on ${command.places.join(', ')}`);
  const may = command.when(console);
  if (may === true) command.act(hands);
  else hands.toast(may);
};

/** A key in the filter: the screen follows while it is typed. */
export const filterKey = (mode: Mode & { kind: 'filter' }, key: string, hands: Hands) => {
  if (key === 'esc') {
    hands.close();
    return hands.set({ filter: mode.before });
  }
  if (key === 'enter') return hands.close();
  if (key === 'backspace' && mode.line.text === '') return hands.close();
  const line = edit(mode.line, key);
  if (line === undefined) return;
  hands.swap({ ...mode, line });
  hands.set({ filter: line.text });
};

/** A key in the search of a log. */
export const searchKey = (mode: Mode & { kind: 'search' }, key: string, hands: Hands) => {
  if (key === 'esc') return hands.close();
  if (key === 'enter') {
    hands.close();
    const log = hands.see().view.modes.at(-1);
    if (log?.kind !== 'log') return;
    hands.swap({ ...log, search: mode.line.text });
    const next = commands.find(command => command.id === 'previous-hit');
    if (next !== undefined && mode.line.text !== '') runCommand(next, hands);
    return;
  }
  const line = edit(mode.line, key);
  if (line !== undefined) hands.swap({ ...mode, line });
};

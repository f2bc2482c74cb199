// The only list of commands. Hint row, help, palette, `rollcall keys` and the README's table are all read from it.
import { actCommands } from './commands/act.ts';
import { chooseCommands } from './commands/choose.ts';
import { type Command, type Place, placeOf } from './commands/command.ts';
import { globalCommands } from './commands/global.ts';
import { lookCommands } from './commands/look.ts';
import { moveCommands } from './commands/move.ts';
import type { Console } from './console-state.ts';

/** All commands, in the order in which help shows them. */
export const commands: readonly Command[] = [...actCommands, ...lookCommands, ...chooseCommands, ...moveCommands, ...globalCommands];

/** The command of a key at a place. */
export const commandFor = (key: string, place: Place): Command | undefined =>
  commands.find(command => command.places.includes(place) && command.keys.includes(key));

/** Commands whose hint is worth a place now, the ones that act first. */
export const hintsFor = (console: Console): readonly Command[] => {
  const place = placeOf(console);
  const order = [
    'answer',
    'open',
    'log',
    'follow',
    'search',
    'wrap',
    'whole-log',
    'mark',
    'run',
    'cancel',
    'abort',
    'ask-now',
    'pause',
    'retry',
    'filter',
    'palette',
    'help',
    'leave',
  ];
  return commands
    .filter(command => command.hint !== undefined && command.places.includes(place) && command.when(console) === true)
    .sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
};

const keyNames: Readonly<Record<string, string>> = {
  enter: 'Enter',
  esc: 'Esc',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  home: 'Home',
  end: 'End',
  pgup: 'PgUp',
  pgdn: 'PgDn',
};

/** `Ctrl-D`, `Enter`, `X`: a key as people write it. */
export const keyName = (key: string): string => keyNames[key] ?? (key.startsWith('ctrl-') ? `Ctrl-${key.slice(5).toUpperCase()}` : key);

const groupTitles: Readonly<Record<Command['group'], string>> = {
  act: 'Change the world',
  look: 'Look closer',
  choose: 'Choose',
  move: 'Move',
  global: 'Everywhere',
};

/** The keys by group: what help, `rollcall keys` and the README show. */
export const keyGroups = (): readonly { readonly title: string; readonly keys: readonly (readonly [keys: string, title: string])[] }[] =>
  (Object.keys(groupTitles) as Command['group'][]).map(group => ({
    title: groupTitles[group],
    keys: commands.filter(command => command.group === group).map(command => [command.keys.map(keyName).join(' '), command.title] as const),
  }));

/** The text of `rollcall keys`. */
export const keysTable = (): string =>
  keyGroups()
    .map(({ title, keys }) => [title, ...keys.map(([key, what]) => `  ${key.padEnd(14)} ${what}`)].join('\n'))
    .join('\n\n');

// The only place where keys become commands: it splits chunks of input into keys and hands each to the dialog or command that has it.
// It owns the rules that keep an accident from acting: pastes on a grid, type-ahead into a dialog.

import { placeOf } from './commands/command.ts';
import { goBack } from './commands/global.ts';
import { commandFor } from './commands.ts';
import { type Mode, topMode } from './console-state.ts';
import { adoptKey } from './dialogs/adopt.ts';
import { answerKey, answerPaste } from './dialogs/answer.ts';
import { cancelKey, extendKey, noteKey, retryKey } from './dialogs/confirm.ts';
import { promptKey, startKey } from './dialogs/prompt.ts';
import { filterKey, paletteKey, runCommand, searchKey } from './dialogs/typed.ts';
import type { Hands } from './hands.ts';
import { pasted } from './line-editor.ts';
import { charactersOf } from './style.ts';
import { takesText } from './targets.ts';

/** Milliseconds in which a new dialog takes no decision. */
export const dialogRest = 300;

/** More keys than a hand types at once. */
const handful = 8;

/** What Ink says about a key beside its text. */
export type KeyFlags = Partial<
  Record<
    | 'upArrow'
    | 'downArrow'
    | 'leftArrow'
    | 'rightArrow'
    | 'pageUp'
    | 'pageDown'
    | 'home'
    | 'end'
    | 'return'
    | 'escape'
    | 'tab'
    | 'backspace'
    | 'delete'
    | 'ctrl'
    | 'shift'
    | 'meta',
    boolean
  >
>;

const flagNames: readonly (readonly [keyof KeyFlags, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pgup'],
  ['pageDown', 'pgdn'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
];

/** The keys in one call of Ink's useInput: what arrived in one read comes as one text, Enter and Tab included. */
export const keysOf = (input: string, flags: KeyFlags): string[] => {
  // Alt with a key is what Esc and that key at once look like: it is Esc alone, and can never be taken for a yes.
  if (flags.meta === true) return ['esc'];
  if (flags.tab === true) return [flags.shift === true ? 'shift-tab' : 'tab'];
  for (const [flag, name] of flagNames) if (flags[flag] === true) return [name];
  if (flags.ctrl === true && input.length === 1) return [`ctrl-${input.toLowerCase()}`];
  return charactersOf(input)
    .map(character => (character === '\r\n' ? 'enter' : keyOfCharacter(character)))
    .filter(key => key !== '');
};

const keyOfCharacter = (character: string): string => {
  if (character === '\r' || character === '\n') return 'enter';
  if (character === '\t') return 'tab';
  if (character === '\x7f' || character === '\b') return 'backspace';
  if (character === '\x1b') return 'esc';
  if (character === ' ') return 'space';
  const code = character.codePointAt(0) ?? 0;
  if (code >= 1 && code <= 26) return `ctrl-${String.fromCodePoint(code + 96)}`;
  return code < 32 || (code >= 127 && code < 160) ? '' : character;
};

/** Handles all keys of one chunk. */
export const handleChunk = (keys: readonly string[], hands: Hands) => {
  const console = hands.see();
  if (keys.length > handful && !takesText(console) && keys.some(key => commandFor(key, placeOf(console))?.changes !== undefined)) {
    return hands.toast(`ignored a paste of ${keys.length} characters`);
  }
  for (const key of upToEsc(keys)) handleKey(key, hands);
};

/** What follows an Esc in one chunk was typed at a screen that Esc has taken away: only more Esc are heard. */
const upToEsc = (keys: readonly string[]): readonly string[] => {
  const at = keys.indexOf('esc');
  return at === -1 ? keys : [...keys.slice(0, at), ...keys.slice(at).filter(key => key === 'esc')];
};

/** Handles a bracketed paste: text in a line of text, nothing anywhere else. */
export const handlePaste = (text: string, hands: Hands) => {
  const mode = topMode(hands.see().view);
  switch (mode?.kind) {
    case 'prompt':
      // Lines joined by blanks would be another command than the one that was copied.
      if (/[\r\n]/.test(text.trim())) return hands.toast('a paste of several lines is not taken: join them with ; or && first');
      return hands.swap({ ...mode, [mode.focus]: pasted(mode[mode.focus], text.trim()) });
    case 'filter': {
      const line = pasted(mode.line, text);
      hands.swap({ ...mode, line });
      return hands.set({ filter: line.text });
    }
    case 'search':
    case 'palette':
    case 'extend':
    case 'note':
      return hands.swap({ ...mode, line: pasted(mode.line, text) });
    case 'answer':
      return answerPaste(mode, text, hands);
    default:
      return hands.toast(`ignored a paste of ${charactersOf(text).length} characters`);
  }
};

/** Ctrl-C by habit must not put the operator, and what is typed or pasted next, into a shell. */
const leaveAsk = 'Ctrl-C again, or q, leaves the console; jobs go on';

const handleKey = (key: string, hands: Hands) => {
  const console = hands.see();
  const { toast } = console.view;
  if (toast !== '') hands.toast('');
  const mode = topMode(console.view);
  if (key === 'ctrl-c') return mode !== undefined ? goBack(hands) : toast === leaveAsk ? hands.leave() : hands.toast(leaveAsk);
  if (key === 'ctrl-l') return hands.terminal('redraw');
  if (key === 'ctrl-z') return hands.terminal('suspend');
  if (mode !== undefined && isEarly(mode, key, hands)) return;
  if (mode !== undefined && takesText(console)) return dialogKey(mode, key, hands);
  const command = commandFor(key, placeOf(console));
  if (command !== undefined) runCommand(command, hands);
};

/**
 * Type-ahead into a dialog: what came with the key that opened it, or in its first 300 ms, was meant for something else.
 * A line of text keeps all but Enter, since nothing else decides anything there.
 */
const isEarly = (mode: Mode, key: string, hands: Hands): boolean => {
  if (!('opened' in mode)) return false;
  const now = hands.opened();
  const early = now.chunk === mode.opened.chunk || now.at - mode.opened.at < dialogRest;
  if (!early) return false;
  const isLine = mode.kind === 'prompt' || mode.kind === 'palette' || mode.kind === 'extend' || mode.kind === 'note';
  return !isLine || key === 'enter';
};

const dialogKey = (mode: Mode, key: string, hands: Hands) => {
  switch (mode.kind) {
    case 'prompt':
      return promptKey(mode, key, hands);
    case 'start':
      return startKey(mode, key, hands);
    case 'cancel':
      return cancelKey(mode, key, hands);
    case 'adopt':
      return adoptKey(mode, key, hands);
    case 'retry':
      return retryKey(mode, key, hands);
    case 'extend':
      return extendKey(mode, key, hands);
    case 'note':
      return noteKey(mode, key, hands);
    case 'answer':
      return answerKey(mode, key, hands);
    case 'palette':
      return paletteKey(mode, key, hands);
    case 'filter':
      return filterKey(mode, key, hands);
    case 'search':
      return searchKey(mode, key, hands);
    default:
      return;
  }
};

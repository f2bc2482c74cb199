// The only place for what keys do in the task prompt and in the preview that follows it.
// A start counts by its blast radius: practice runs at Enter, up to ten hosts at Enter on the preview, more when their number is typed.
import { keyName } from '../commands.ts';
import type { Console, Prompt, StartDialog } from '../console-state.ts';
import type { Hands } from '../hands.ts';
import { edit, emptyLine, type Line, lineOf } from '../line-editor.ts';

/** From this many hosts on the number has to be typed. */
export const manyHosts = 11;

/** A key in the task prompt. */
export const promptKey = (mode: Prompt, key: string, hands: Hands) => {
  switch (key) {
    case 'esc':
      return hands.close();
    case 'tab':
    case 'shift-tab':
      return hands.swap(without(mode, { focus: mode.focus === 'pattern' ? 'command' : 'pattern' }));
    case 'enter':
      return mode.focus === 'pattern' ? hands.swap(without(mode, { focus: 'command' })) : preview(mode, hands);
    case 'up':
    case 'down':
      return mode.focus === 'command' ? recall(mode, key === 'up' ? 1 : -1, hands) : hands.swap(without(mode, { focus: 'command' }));
    default: {
      const line = edit(mode[mode.focus], key);
      if (line !== undefined) hands.swap(without(mode, { [mode.focus]: line }));
    }
  }
};

/** The prompt with a change; a change takes the old error away. */
const without = ({ error: _, ...mode }: Prompt, change: Partial<Prompt>): Prompt => ({ ...mode, ...change });

const recall = (mode: Prompt, by: number, hands: Hands) => {
  const before = hands.typedBefore();
  const past = Math.max(0, Math.min(before.length, mode.past + by));
  hands.swap(without(mode, { past, command: lineOf(past === 0 ? '' : (before[past - 1] ?? '')) }));
};

const preview = (mode: Prompt, hands: Hands) => {
  const command = mode.command.text.trim();
  if (command === '') return hands.swap({ ...mode, error: 'type the command that the hosts shall run' });
  const chosen = hands.chooseHosts(mode.pattern.text);
  if (!chosen.ok) return hands.swap({ ...mode, focus: 'pattern', error: chosen.failure.cause });
  const { hosts } = chosen.value;
  if (hosts.length === 0) return hands.swap({ ...mode, focus: 'pattern', error: `no host matches "${mode.pattern.text}"` });
  const task = { hosts, pattern: mode.pattern.text, command };
  if (isPractice(hands.see())) {
    hands.submit({ ...task, pace: 'all-at-once' });
    return hands.close();
  }
  hands.open({
    kind: 'start',
    ...task,
    pace: hosts.length >= manyHosts ? 'first-one' : 'all-at-once',
    number: emptyLine,
    opened: hands.opened(),
  });
};

const isPractice = ({ setting }: Console): boolean => setting.fleet.practice !== 'no';

/** A key in the preview of a start. */
export const startKey = (mode: StartDialog, key: string, hands: Hands) => {
  const { hosts } = mode;
  if (key === 'esc') return hands.close();
  if (key === 'c' && hosts.length > 1) return hands.swap({ ...mode, pace: mode.pace === 'first-one' ? 'all-at-once' : 'first-one' });
  if (key === 'enter') {
    if (hosts.length >= manyHosts && mode.number.text !== String(hosts.length))
      return hands.toast(`type ${hosts.length}, the number of hosts, then Enter; Esc goes back`);
    hands.submit({ hosts, pattern: mode.pattern, command: mode.command, pace: hosts.length > 1 ? mode.pace : 'all-at-once' });
    return hands.set({ modes: hands.see().view.modes.filter(other => other.kind !== 'start' && other.kind !== 'prompt') });
  }
  if (hosts.length < manyHosts) return;
  const number = typedNumber(mode.number, key, hosts.length, hands);
  if (number !== undefined) hands.swap({ ...mode, number });
};

/** The number with a digit more, or with what takes one away again; any other key is told that it is none. */
export const typedNumber = (line: Line, key: string, count: number, hands: Hands): Line | undefined => {
  if (/^\d$/.test(key) || ['backspace', 'ctrl-u', 'ctrl-w', 'delete'].includes(key)) return edit(line, key);
  hands.toast(`${keyName(key)} is no digit: type ${count}, the number of hosts, then Enter; Esc leaves`);
  return undefined;
};

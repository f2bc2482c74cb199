// The only place for what keys do in the dialogs that ask before they act on running work: cancel, retry, more time.
// Where it destroys, Enter lands on keeping; the acting button has a letter, Tab, or from eleven hosts on their number.
import { formatDuration, parseDuration } from '../../domain/duration.ts';
import { othersOf } from '../adopt-words.ts';
import { cancelCounts, cancelJobs } from '../cancel-targets.ts';
import type { CancelDialog, Mode, RetryDialog, RetryWhich } from '../console-state.ts';
import type { Hands } from '../hands.ts';
import { edit, emptyLine } from '../line-editor.ts';
import { counted } from '../words.ts';
import { manyHosts, typedNumber } from './prompt.ts';

/** A key in the cancel dialog. */
export const cancelKey = (mode: CancelDialog, key: string, hands: Hands) => {
  const isMany = mode.hosts.length >= manyHosts;
  if (key === 'esc' || key === 'k') return hands.close();
  if (isMany) {
    if (key === 'enter') {
      if (mode.number.text === '') return hands.close();
      if (mode.number.text !== String(mode.hosts.length))
        return hands.toast(`that is not the number of hosts, ${mode.hosts.length}; Esc keeps them running`);
      return cancel(mode, hands);
    }
    const number = typedNumber(mode.number, key, mode.hosts.length, hands);
    if (number !== undefined) hands.swap({ ...mode, number });
    return;
  }
  if (key === 'tab' || key === 'shift-tab' || key === 'left' || key === 'right')
    return hands.swap({ ...mode, on: mode.on === 'keep' ? 'act' : 'keep' });
  if (key === 'c' || (key === 'enter' && mode.on === 'act')) return cancel(mode, hands);
  if (key === 'enter') hands.close();
};

const cancel = (mode: CancelDialog, hands: Hands) => {
  const { about } = mode;
  const { jobs, notBegun } = cancelCounts(hands.see(), about);
  // The dialog has said whose they are.
  const confirmed = othersOf(cancelJobs(hands.see(), about)).length > 0 ? ({ confirmed: 'yes' } as const) : {};
  hands.close();
  const asked = `asked ${counted(jobs, 'job')} to end; each says gone when it is gone`;
  const dropped = notBegun === 0 ? '' : `${counted(notBegun, 'host')} that had not begun dropped; `;
  const told = (): string => (jobs === 0 && notBegun > 0 ? dropped.slice(0, -2) : `${dropped}${asked}`);
  switch (about.kind) {
    case 'rest':
      return hands.ask<'abort'>({ verb: 'abort', on: { run: about.run } }, () => 'nothing of it starts any more; what runs goes on');
    case 'job':
      return hands.ask<'cancel'>({ verb: 'cancel', on: { jids: [about.jid] }, ...confirmed }, told);
    case 'run':
      return hands.ask<'cancel'>({ verb: 'cancel', on: { run: about.run }, ...confirmed }, told);
    case 'hosts':
      for (const on of about.parts) hands.ask<'cancel'>({ verb: 'cancel', on, ...confirmed }, told);
  }
};

/** The hosts that a choice of the retry dialog means. */
export const retryHosts = (mode: RetryDialog, which: RetryWhich | undefined): readonly string[] =>
  which === undefined ? [] : [...(which === 'unreachable' ? [] : mode.failed), ...(which === 'failed' ? [] : mode.unreachable)];

/** What is chosen: by a letter, or the only thing there is. */
export const retryChoice = (mode: RetryDialog): RetryWhich | undefined =>
  mode.which ?? (mode.unreachable.length === 0 ? 'failed' : mode.failed.length === 0 ? 'unreachable' : undefined);

/** A key in the retry menu. */
export const retryKey = (mode: RetryDialog, key: string, hands: Hands) => {
  if (key === 'esc') return hands.close();
  const letters: Readonly<Record<string, RetryWhich>> = { f: 'failed', u: 'unreachable', b: 'both' };
  const which = letters[key];
  if (which !== undefined) {
    if (retryHosts(mode, which).length === 0) return hands.toast(which === 'failed' ? 'no host failed' : 'every host was reached');
    return hands.swap({ ...mode, which, number: emptyLine });
  }
  const chosen = retryChoice(mode);
  const hosts = retryHosts(mode, chosen);
  const isMany = hosts.length >= manyHosts && hands.see().setting.fleet.practice === 'no';
  if (key === 'enter') {
    if (chosen === undefined) return hands.toast('choose f, u or b first');
    if (isMany && mode.number.text !== String(hosts.length)) return hands.toast(`type ${hosts.length}, the number of hosts, then Enter`);
    hands.close();
    return hands.ask<'retry'>(
      { verb: 'retry', on: { run: mode.run, hosts }, which: chosen },
      answer => `retries ${counted(answer.touched, 'host')}`,
    );
  }
  if (!isMany) return;
  const number = typedNumber(mode.number, key, hosts.length, hands);
  if (number !== undefined) hands.swap({ ...mode, number });
};

/** A key in the line of a note. */
export const noteKey = (mode: Mode & { kind: 'note' }, key: string, hands: Hands) => {
  const { error: _, ...plain } = mode;
  if (key === 'esc') return hands.close();
  if (key === 'enter') {
    const text = mode.line.text.trim();
    if (text === '') return hands.swap({ ...mode, error: 'type what to note' });
    hands.close();
    return hands.ask<'note'>({ verb: 'note', on: { run: mode.run }, text }, () => 'noted');
  }
  const line = edit(mode.line, key);
  if (line !== undefined) hands.swap({ ...plain, line });
};

/** A key in the dialog for more time. */
export const extendKey = (mode: Mode & { kind: 'extend' }, key: string, hands: Hands) => {
  const { error: _, ...plain } = mode;
  if (key === 'esc') return hands.close();
  if (key === 'enter') {
    const seconds = parseDuration(mode.line.text);
    if (!seconds.ok) return hands.swap({ ...mode, error: seconds.failure.cause });
    if (seconds.value === 0) return hands.swap({ ...mode, error: 'that is no time; write 30m, 2h …' });
    hands.close();
    return hands.ask<'extend'>(
      { verb: 'extend', on: { jids: mode.jids }, by: seconds.value },
      answer =>
        `asked ${formatDuration(seconds.value)} more for ${counted(answer.touched, 'job')}; each shows it when its host has confirmed`,
    );
  }
  const line = edit(mode.line, key);
  if (line !== undefined) hands.swap({ ...plain, line });
};

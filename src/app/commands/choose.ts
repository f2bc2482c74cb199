// The only place for the commands that choose: marks, order.
import { type Console, orders } from '../console-state.ts';
import { type HostView, hostViews } from '../host-view.ts';
import { hostsScreen } from '../hosts-screen.ts';
import { handUnderCursor, openJid, targetHosts, viewUnderCursor } from '../targets.ts';
import { failures, troubleKey } from '../trouble.ts';
import { counted, stateWord } from '../words.ts';
import { always, type Command } from './command.ts';

/** The failure that `]` went to or whose job is open, else all of the marked hosts or the one under the cursor. */
const failuresOfTargets = (console: Console): readonly HostView[] => {
  const all = failures(console);
  const one = openJid(console) ?? (console.view.marks.size === 0 ? handUnderCursor(console)?.job?.jid : undefined);
  if (one !== undefined) return all.filter(view => view.job?.jid === one);
  const hosts = new Set(targetHosts(console));
  return all.filter(view => hosts.has(view.name));
};

const shownNames = (console: Console): readonly string[] => hostsScreen(console).grid.shown.map(view => view.name);

export const chooseCommands: readonly Command[] = [
  {
    id: 'mark',
    keys: ['space'],
    title: 'mark the host, or take its mark away',
    hint: 'mark',
    group: 'choose',
    places: ['hosts'],
    when: always,
    act: hands => {
      const { cursor, marks } = hands.see().view;
      const next = new Set(marks);
      if (!next.delete(cursor)) next.add(cursor);
      hands.set({ marks: next });
    },
  },
  {
    id: 'range',
    keys: ['v'],
    title: 'begin a range at the cursor; again: mark all from there to the cursor',
    group: 'choose',
    places: ['hosts'],
    when: always,
    act: hands => {
      const console = hands.see();
      const { cursor, marks, range } = console.view;
      const names = shownNames(console);
      const ends = [names.indexOf(range), names.indexOf(cursor)].sort((a, b) => a - b);
      const [from = -1, to = -1] = ends;
      if (from === -1) {
        hands.set({ range: cursor });
        hands.toast(`a range begins at ${cursor}; v marks up to the cursor, Esc forgets it`);
      } else hands.set({ range: '', marks: new Set([...marks, ...names.slice(from, to + 1)]) });
    },
  },
  {
    id: 'mark-same',
    keys: ['*'],
    title: 'mark the hosts shown that stand as this one does and said the same last',
    group: 'choose',
    places: ['hosts'],
    when: console => (viewUnderCursor(console)?.job === undefined ? 'nothing has run there to compare with' : true),
    act: hands => {
      const console = hands.see();
      const said = (view: HostView): string => `${stateWord(view)} ${view.job?.lastLine ?? ''}`;
      const here = hostViews(console).byName.get(console.view.cursor);
      const same = here === undefined ? [] : hostsScreen(console).grid.shown.filter(view => said(view) === said(here));
      hands.set({ marks: new Set([...console.view.marks, ...same.map(view => view.name)]) });
      hands.toast(`marked ${counted(same.length, 'host')} that ${same.length === 1 ? 'stands' : 'stand'} alike by state and last line`);
    },
  },
  {
    id: 'mark-all',
    keys: ['a'],
    title: 'mark all hosts shown',
    group: 'choose',
    places: ['hosts'],
    when: always,
    act: hands => hands.set({ marks: new Set([...hands.see().view.marks, ...shownNames(hands.see())]) }),
  },
  {
    id: 'invert',
    keys: ['i'],
    title: 'turn the marks of the hosts shown around',
    group: 'choose',
    places: ['hosts'],
    when: always,
    act: hands => {
      const { marks } = hands.see().view;
      const shown = shownNames(hands.see());
      const hiddenMarks = [...marks].filter(name => !shown.includes(name));
      hands.set({ marks: new Set([...hiddenMarks, ...shown.filter(name => !marks.has(name))]) });
    },
  },
  {
    id: 'unmark',
    keys: ['u'],
    title: 'take all marks away; again: bring them back',
    group: 'choose',
    places: ['hosts'],
    when: ({ view }) => (view.marks.size > 0 || view.marksBefore.size > 0 ? true : 'nothing is marked; space marks a host'),
    act: hands => {
      const { marks, marksBefore } = hands.see().view;
      if (marks.size > 0) hands.set({ marks: new Set(), marksBefore: marks });
      else hands.set({ marks: marksBefore, marksBefore: new Set() });
    },
  },
  {
    id: 'dealt-with',
    keys: ['D'],
    title: 'take failures of the marked hosts, else the one under the cursor, off needs a hand; again: bring them back',
    group: 'choose',
    places: ['hosts', 'job'],
    when: console => (failuresOfTargets(console).length > 0 ? true : 'no failure there that needs a hand'),
    act: hands => {
      const console = hands.see();
      const keys = failuresOfTargets(console).map(troubleKey);
      const dealt = new Set(console.view.dealt);
      const isBack = keys.every(key => dealt.has(key));
      for (const key of keys) if (!dealt.delete(key) || !isBack) dealt.add(key);
      hands.set({ dealt });
      hands.toast(`${counted(keys.length, 'failure')} ${isBack ? 'back on' : 'off'} the list; D ${isBack ? 'takes off' : 'brings back'}`);
    },
  },
  {
    id: 'order',
    keys: ['o'],
    title: 'order: by batch while a roll goes on, by group, by batch, trouble first',
    group: 'choose',
    places: ['hosts'],
    when: always,
    act: hands => {
      const { order } = hands.see().view;
      hands.set({ order: orders[(orders.indexOf(order) + 1) % orders.length] ?? 'auto' });
    },
  },
];

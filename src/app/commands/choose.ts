// The only place for the commands that choose: marks, order.
import { type Console, orders } from '../console-state.ts';
import { type HostView, hostViews } from '../host-view.ts';
import { hostsScreen } from '../hosts-screen.ts';
import { handUnderCursor, openJid, viewUnderCursor } from '../targets.ts';
import { failures, troubleKey } from '../trouble.ts';
import { counted, stateWord } from '../words.ts';
import { always, type Command } from './command.ts';

/** The failure that `]` went to or whose job is open, else those of the host under the cursor; marks are for tasks. */
const failuresOfTargets = (console: Console): readonly HostView[] => {
  const all = failures(console);
  const open = openJid(console);
  if (open !== undefined) return all.filter(view => view.job?.jid === open);
  const hand = handUnderCursor(console);
  const line = hand === undefined ? undefined : troubleKey(hand);
  return all.filter(view => (line === undefined ? view.name === console.view.cursor : troubleKey(view) === line));
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
    title: 'take the line under the cursor, or the failures of its host, off needs a hand; again: bring them back',
    group: 'choose',
    places: ['hosts', 'job'],
    when: console => (failuresOfTargets(console).length > 0 ? true : 'no failure there that needs a hand'),
    act: hands => {
      const console = hands.see();
      const found = failuresOfTargets(console);
      const keys = found.map(troubleKey);
      const dealt = new Set(console.view.dealt);
      const isBack = keys.every(key => dealt.has(key));
      for (const key of keys) if (!dealt.delete(key) || !isBack) dealt.add(key);
      hands.set({ dealt });
      const what = found.map(view => `${stateWord(view)} in run ${view.run?.number ?? '?'} ${view.run?.plan.title ?? ''}`.trimEnd());
      const { name = '' } = found[0] ?? {};
      hands.toast(`${isBack ? 'back on' : 'off'} the list: ${name} ${what.join(', ')}`);
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

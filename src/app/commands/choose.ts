// The only place for the commands that choose: marks, order.
import { type Console, orders } from '../console-state.ts';
import { hostsScreen } from '../hosts-screen.ts';
import { always, type Command } from './command.ts';

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

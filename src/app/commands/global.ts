// The only place for the commands that work wherever one is: help, palette, filter, tabs, back, leave.
import { type Tab, tabs, topMode } from '../console-state.ts';
import type { Hands } from '../hands.ts';
import { emptyLine, lineOf } from '../line-editor.ts';
import { always, type Command, everywhere, onTabs, placeOf } from './command.ts';

/** Cancel, then back, then take the filter away; never leaves. */
export const goBack = (hands: Hands): void => {
  const { view } = hands.see();
  if (topMode(view) !== undefined) hands.close();
  else if (view.range !== '') hands.set({ range: '' });
  else if (view.filter !== '') hands.set({ filter: '' });
  else if (view.zoom === 'on') hands.set({ zoom: 'off' });
  else if (view.tab !== 'hosts') hands.set({ tab: 'hosts' });
};

const tabTitles: Readonly<Record<Tab, string>> = {
  hosts: 'hosts and what they are up to',
  jobs: 'runs, queued and past',
  roll: 'batches of the run in focus',
  output: 'output of the run in focus, equal ones folded',
  events: 'what happened since this console opened',
};

const tabCommand = (tab: Tab, at: number): Command => ({
  id: `show-${tab}`,
  keys: tab === 'events' ? [String(at + 1), 'E'] : [String(at + 1)],
  title: `tab: ${tabTitles[tab]}`,
  group: 'global',
  places: everywhere,
  when: always,
  act: hands => hands.set({ tab, modes: [] }),
});

const turn = (hands: Hands, by: number): void => {
  const { tab } = hands.see().view;
  const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length];
  if (next !== undefined) hands.set({ tab: next });
};

export const globalCommands: readonly Command[] = [
  {
    id: 'help',
    keys: ['?'],
    title: 'this help',
    hint: 'help',
    group: 'global',
    places: everywhere,
    when: always,
    act: hands => (placeOf(hands.see()) === 'help' ? hands.close() : hands.open({ kind: 'help', at: 0 })),
  },
  {
    id: 'palette',
    keys: [':'],
    title: 'all commands by name',
    hint: 'all',
    group: 'global',
    places: everywhere,
    when: always,
    act: hands => hands.open({ kind: 'palette', line: emptyLine, at: 0, opened: hands.opened() }),
  },
  {
    id: 'filter',
    keys: ['/'],
    title: 'filter the hosts: part of a name, a glob, a group, a state; ! turns it around',
    hint: 'filter',
    group: 'global',
    places: onTabs,
    when: always,
    act: hands => hands.open({ kind: 'filter', line: lineOf(hands.see().view.filter), before: hands.see().view.filter }),
  },
  {
    id: 'back',
    keys: ['esc'],
    title: 'cancel, then back, then take the filter away; never leaves',
    group: 'global',
    places: everywhere,
    when: always,
    act: goBack,
  },
  {
    id: 'leave',
    keys: ['q'],
    title: 'on a tab: leave the console, jobs go on; in a view: back',
    hint: 'leave',
    group: 'global',
    places: everywhere,
    when: always,
    act: hands => (onTabs.includes(placeOf(hands.see())) ? hands.leave() : hands.close()),
  },
  ...tabs.map(tabCommand),
  { id: 'next-tab', keys: ['tab'], title: 'next tab', group: 'global', places: onTabs, when: always, act: hands => turn(hands, 1) },
  {
    id: 'previous-tab',
    keys: ['shift-tab'],
    title: 'previous tab',
    group: 'global',
    places: onTabs,
    when: always,
    act: hands => turn(hands, -1),
  },
  {
    id: 'full-screen',
    keys: ['z'],
    title: 'the hosts on the full screen, and back',
    group: 'global',
    places: ['hosts'],
    when: always,
    act: hands => hands.set({ zoom: hands.see().view.zoom === 'on' ? 'off' : 'on' }),
  },
  {
    id: 'redraw',
    keys: ['ctrl-l'],
    title: 'draw the screen anew',
    group: 'global',
    places: everywhere,
    when: always,
    act: hands => hands.terminal('redraw'),
  },
  {
    id: 'suspend',
    keys: ['ctrl-z'],
    title: 'back to the shell; fg returns',
    group: 'global',
    places: everywhere,
    when: always,
    act: hands => hands.terminal('suspend'),
  },
];

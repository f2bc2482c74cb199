// The only place that puts together what the Hosts screen shows: heights, grid, trouble, runs. Keys and rows both read it.
// Pure; it draws nothing.
import type { Run } from '../domain/run-state.ts';
import type { Console, View } from './console-state.ts';
import { dialogHeight } from './dialog-height.ts';
import { type Grid, gridOf } from './grid.ts';
import { type HostView, ownRuns } from './host-view.ts';
import { hostsLayout, type Layout } from './layout.ts';
import { troubled } from './trouble.ts';

export type HostsScreen = {
  readonly layout: Layout;
  readonly grid: Grid;
  readonly trouble: readonly HostView[];
  /** Runs that go on or wait, oldest first. */
  readonly runs: readonly Run[];
};

const made = new WeakMap<View, { readonly version: number; readonly wall: number; readonly screen: HostsScreen }>();

/** Shares out the screen and arranges the hosts for it. One frame asks several times; it is made once. */
export const hostsScreen = (console: Console): HostsScreen => {
  const { version } = console.data;
  const known = made.get(console.view);
  if (known?.version === version && known.wall === console.wall) return known.screen;
  const screen = makeScreen(console);
  made.set(console.view, { version, wall: console.wall, screen });
  return screen;
};

const makeScreen = (console: Console): HostsScreen => {
  const { view, data, setting } = console;
  const trouble = troubled(console);
  const runs = ownRuns(data, setting.fleet).filter(run => run.phase.kind !== 'ended');
  const { columns, rows, zoom, top } = view;
  const wants = { columns, rows, trouble: trouble.length, runs: runs.length, zoom, dialog: dialogHeight(view) };
  // First the grid takes all there is, then it gives back what its lines don't need.
  const roomy = hostsLayout(wants);
  const grid = gridOf(console, { columns, height: roomy.grid.height - roomy.grid.rule, list: roomy.grid.list }, top);
  return { layout: hostsLayout({ ...wants, lines: grid.lines.length }), grid, trouble, runs };
};

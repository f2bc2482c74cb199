// The only place that puts together what the Hosts screen shows: heights, grid, trouble, runs. Keys and rows both read it.
// Pure; it draws nothing.
import type { Run } from '../domain/run-state.ts';
import type { Console } from './console-state.ts';
import { dialogHeight } from './dialog-height.ts';
import { type Grid, gridOf } from './grid.ts';
import { type HostView, hostViews, ownRuns, troubled } from './host-view.ts';
import { hostsLayout, type Layout } from './layout.ts';

export type HostsScreen = {
  readonly layout: Layout;
  readonly grid: Grid;
  readonly trouble: readonly HostView[];
  /** Runs that go on or wait, oldest first. */
  readonly runs: readonly Run[];
};

/** Shares out the screen and arranges the hosts for it. */
export const hostsScreen = (console: Console): HostsScreen => {
  const { view, data, setting } = console;
  const views = hostViews(console);
  const trouble = troubled(views, console.wall);
  const runs = ownRuns(data, setting.fleet).filter(run => run.phase.kind !== 'ended');
  const { columns, rows, zoom, top } = view;
  const wants = { columns, rows, trouble: trouble.length, runs: runs.length, zoom, dialog: dialogHeight(view) };
  // First the grid takes all there is, then it gives back what its lines don't need.
  const roomy = hostsLayout(wants);
  const grid = gridOf(console, { columns, height: roomy.grid.height - roomy.grid.rule }, top);
  return { layout: hostsLayout({ ...wants, lines: grid.lines.length }), grid, trouble, runs };
};

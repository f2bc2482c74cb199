// The only place that puts together what the Hosts screen shows: heights, grid, trouble, runs. Keys and rows both read it.
// Pure; it draws nothing.
import type { Run } from '../domain/run-state.ts';
import type { Console } from './console-state.ts';
import { dialogHeight } from './dialog-height.ts';
import { fits } from './filter.ts';
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
  const hosts = view.filter === '' ? views.all.length : views.all.filter(fits(view.filter)).length;
  const layout = hostsLayout({
    columns: view.columns,
    rows: view.rows,
    trouble: trouble.length,
    runs: runs.length,
    hosts,
    zoom: view.zoom,
    dialog: dialogHeight(view),
  });
  const grid = gridOf(console, { columns: view.columns, height: layout.grid.height - layout.grid.rule }, view.top);
  return { layout, grid, trouble, runs };
};

// The only place that composes a screen: which panes, in which order, how high. Their heights always sum up to the terminal's.
// Panes are drawn lazily, so that one that fails can be replaced without the others.
import { type Console, type Tab, topMode } from './console-state.ts';
import { dialogHeight } from './dialog-height.ts';
import type { ChooseHosts } from './hands.ts';
import { hostsScreen } from './hosts-screen.ts';
import { plainLayout, smallest } from './layout.ts';
import { type Drawn, dialogRows } from './rows/dialogs.ts';
import { hintsRow, stateRow } from './rows/footer.ts';
import { gridRows } from './rows/grid.ts';
import { handRows } from './rows/hand.ts';
import { countersRow, headerRow, tabsRow } from './rows/header.ts';
import { jobFactRows, jobHeaderRow, jobLogRows, jobStateRow, logRows } from './rows/job.ts';
import { eventRows, helpRows, outputRows, rollRows, runsRows } from './rows/lists.ts';
import { previewRows } from './rows/preview.ts';
import { type Palette, row } from './style.ts';
import { jobUnderCursor } from './targets.ts';

/** A part of the screen. */
export type Pane = { readonly name: string; readonly height: number; readonly draw: () => readonly string[] };

export type Screen = { readonly panes: readonly Pane[]; readonly cursor?: { readonly x: number; readonly y: number } };

/** Composes what is on the screen now. */
export const screenOf = (console: Console, palette: Palette, chooseHosts: ChooseHosts): Screen => {
  const { columns, rows } = console.view;
  if (columns < smallest.columns || rows < smallest.rows) {
    return {
      panes: [
        {
          name: 'size',
          height: 1,
          draw: () => [row('plain', columns, [`need ${smallest.columns}x${smallest.rows}, have ${columns}x${rows}`])],
        },
      ],
    };
  }
  const body = bodyPanes(console, palette);
  const height = body.dialog;
  const dialog: Drawn = dialogRows(console, palette, height, chooseHosts);
  const panes: Pane[] = [
    ...body.panes,
    { name: 'dialog', height, draw: () => dialog.rows },
    { name: 'state', height: 1, draw: () => [stateRow(console, palette)] },
    { name: 'hints', height: 1, draw: () => [hintsRow(console, palette)] },
  ].filter(pane => pane.height > 0);
  const above = body.panes.reduce((sum, pane) => sum + pane.height, 0);
  return { panes, ...(dialog.cursor !== undefined && { cursor: { x: dialog.cursor.x, y: above + dialog.cursor.y } }) };
};

type Body = { readonly panes: readonly Pane[]; readonly dialog: number };

const bodyPanes = (console: Console, palette: Palette): Body => {
  const view = console.view.modes.findLast(mode => mode.kind === 'job' || mode.kind === 'log' || mode.kind === 'help');
  if (view?.kind === 'help') {
    const { body, dialog } = plainLayout(console.view.rows, 0, dialogHeight(console.view));
    return {
      panes: [headerPane(console, palette), { name: 'help', height: body, draw: () => helpRows(console, palette, body, view.at) }],
      dialog,
    };
  }
  if (view !== undefined) return jobBody(console, palette);
  return console.view.tab === 'hosts' ? hostsBody(console, palette) : tabBody(console, palette, console.view.tab);
};

const headerPane = (console: Console, palette: Palette): Pane => ({ name: 'header', height: 1, draw: () => [headerRow(console, palette)] });

const hostsBody = (console: Console, palette: Palette): Body => {
  const screen = hostsScreen(console);
  const { layout, grid } = screen;
  return {
    dialog: layout.dialog,
    panes: [
      headerPane(console, palette),
      { name: 'counters', height: layout.counters, draw: () => [countersRow(console, palette)] },
      { name: 'tabs', height: layout.tabs, draw: () => (layout.tabs === 0 ? [] : [tabsRow(console, palette, grid.hidden)]) },
      { name: 'hand', height: layout.hand.height, draw: () => handRows(console, palette, screen) },
      { name: 'grid', height: layout.grid.height, draw: () => gridRows(console, palette, screen) },
      { name: 'preview', height: layout.preview.height, draw: () => previewRows(console, palette, screen) },
    ],
  };
};

const tabDraws: Readonly<Record<Exclude<Tab, 'hosts'>, (console: Console, palette: Palette, height: number) => string[]>> = {
  jobs: runsRows,
  roll: rollRows,
  output: outputRows,
  events: eventRows,
};

const tabBody = (console: Console, palette: Palette, tab: Exclude<Tab, 'hosts'>): Body => {
  const { facts, body, dialog } = plainLayout(console.view.rows, 2, dialogHeight(console.view));
  return {
    dialog,
    panes: [
      headerPane(console, palette),
      { name: 'counters', height: Math.min(1, facts), draw: () => [countersRow(console, palette)] },
      { name: 'tabs', height: Math.max(0, facts - 1), draw: () => [tabsRow(console, palette, 0)] },
      { name: tab, height: body, draw: () => tabDraws[tab](console, palette, body) },
    ],
  };
};

const jobBody = (console: Console, palette: Palette): Body => {
  const job = jobUnderCursor(console);
  const mode = console.view.modes.findLast(other => other.kind === 'log' || other.kind === 'job');
  const { body, dialog } = plainLayout(console.view.rows, 1, dialogHeight(console.view));
  if (job === undefined || mode === undefined)
    return { dialog, panes: [headerPane(console, palette), { name: 'job', height: body + 1, draw: () => [] }] };
  const facts =
    mode.kind === 'log' || topMode(console.view) === undefined ? [] : jobFactRows(console, palette, job).slice(0, Math.max(0, body - 4));
  return {
    dialog,
    panes: [
      { name: 'header', height: 1, draw: () => [jobHeaderRow(console, palette, job)] },
      { name: 'job-state', height: 1, draw: () => [jobStateRow(console, palette, job)] },
      { name: 'facts', height: facts.length, draw: () => facts },
      mode.kind === 'log'
        ? { name: 'log', height: body, draw: () => logRows(console, palette, mode, body) }
        : { name: 'log', height: body - facts.length, draw: () => jobLogRows(console, palette, job, body - facts.length) },
    ],
  };
};

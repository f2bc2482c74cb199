// The only place that arranges hosts into lines of cells: as a list with words while they fit, as names, as letters for thousands.
// Pure; movement of the cursor and drawing both read what it returns, so they can't disagree.
import { fold } from '../domain/nodeset.ts';
import { batchesOf } from '../domain/plan.ts';
import type { Run } from '../domain/run-state.ts';
import type { Console } from './console-state.ts';
import { fits } from './filter.ts';
import { type HostView, hostViews, runInFocus } from './host-view.ts';
import { windowTop } from './layout.ts';
import { looks } from './letters.ts';
import { troubled, troubleKinds } from './trouble.ts';

/** `list`: a host a line; `medium`: some a line, with words; `names`: name and letter; `dense`: a letter. */
export type Form = 'list' | 'medium' | 'names' | 'dense';

/** Hosts that stand together: a batch, or a group. */
export type Section = {
  readonly key: string;
  /** Absent where the gutter says enough. */
  readonly batch?: { readonly number: number; readonly openedAt?: number; readonly endedAt?: number };
  readonly hosts: readonly HostView[];
  readonly stage: 'done' | 'open' | 'queued';
};

export type GridLine =
  | { readonly kind: 'title' | 'fold'; readonly section: Section }
  | {
      readonly kind: 'cells';
      readonly section: Section;
      readonly gutter: string;
      readonly prefix: string;
      readonly hosts: readonly HostView[];
    };

export type Grid = {
  readonly form: Form;
  readonly lines: readonly GridLine[];
  /** First line in the window. */
  readonly top: number;
  readonly shown: readonly HostView[];
  readonly hidden: number;
  readonly cellWidth: number;
  readonly gutterWidth: number;
};

/** What the grid is drawn into; `list`: lines that there may be when each host has its own. */
export type GridSize = { readonly columns: number; readonly height: number; readonly list: number };

/** Least width of a cell with words. */
const mediumWidth = 38;

/** Arranges the hosts that the filter leaves. */
export const gridOf = (console: Console, size: GridSize, top: number): Grid => {
  const views = hostViews(console);
  const fit = fits(console.view.filter, () => troubleKinds(troubled(console)));
  const shown = views.all.filter(fit);
  const hidden = views.all.length - shown.length;
  const sections = sectionsOf(console, shown);
  const arrangement = arrange(sections, shown.length, size, console.view.cursor);
  const at = lineOfHost(arrangement.lines, console.view.cursor);
  return {
    ...arrangement,
    shown,
    hidden,
    top: windowTop(top, Math.max(0, at), arrangement.form === 'list' ? size.list : size.height, arrangement.lines.length),
  };
};

/** Index of the line that holds a host; -1 when it is folded away. */
export const lineOfHost = (lines: readonly GridLine[], host: string): number =>
  lines.findIndex(line => line.kind === 'cells' && line.hosts.some(view => view.name === host));

type Arrangement = Pick<Grid, 'form' | 'lines' | 'cellWidth' | 'gutterWidth'>;

const arrange = (sections: readonly Section[], count: number, size: GridSize, cursor: string): Arrangement => {
  const { columns, height } = size;
  const gutter = Math.min(10, Math.max(0, ...sections.flatMap(s => s.hosts.map(view => view.group.length))));
  if (count <= size.list) return { form: 'list', ...inLines(sections, 1, gutter), cellWidth: columns - gutter - 1 };
  const perRow = Math.max(2, Math.ceil(count / Math.max(1, height)));
  if (perRow * mediumWidth <= columns) {
    const width = Math.floor(columns / perRow);
    return { form: 'medium', ...mediumLines(sections, perRow), cellWidth: width, gutterWidth: 0 };
  }
  const names = namesArrangement(sections, columns, gutter);
  if (names.lines.length <= height) return names;
  if (count <= 400) {
    const folded = { ...names, lines: folding(names.lines, height, cursor) };
    if (folded.lines.length <= height || count <= 150) return folded;
  }
  const dense = denseArrangement(sections, columns);
  return dense.lines.length <= height ? dense : { ...dense, lines: foldingCalm(dense.lines, cursor) };
};

const inLines = (sections: readonly Section[], perLine: number, gutterWidth: number): Pick<Grid, 'lines' | 'gutterWidth'> => ({
  lines: sections.flatMap(section => blocksOf(section).flatMap(block => sliced(section, block, perLine))),
  gutterWidth,
});

/** Down the columns, so that neighbours of the inventory stand below each other. */
const mediumLines = (sections: readonly Section[], perRow: number): Pick<Grid, 'lines'> => {
  const section: Section = { key: 'all', hosts: sections.flatMap(s => s.hosts), stage: 'open' };
  const rows = Math.ceil(section.hosts.length / perRow);
  const lines = Array.from({ length: rows }, (_, line): GridLine => {
    const hosts = Array.from({ length: perRow }, (__, column) => section.hosts[column * rows + line]).filter(view => view !== undefined);
    return { kind: 'cells', section, gutter: '', prefix: '', hosts };
  });
  return { lines };
};

const namesArrangement = (sections: readonly Section[], columns: number, gutter: number): Arrangement => {
  const blocks = sections.flatMap(section => blocksOf(section).map(block => ({ section, block })));
  // The prefix goes only where the gutter says it.
  const label = Math.max(1, ...blocks.flatMap(({ block }) => block.hosts.map(view => labelWidth(view.name.slice(block.prefix.length)))));
  const cellWidth = label + 2;
  const gutterWidth = gutter + 4;
  const perLine = roundDown(Math.max(1, Math.floor((columns - gutterWidth) / cellWidth)));
  const lines: GridLine[] = [];
  let last: Section | undefined;
  for (const { section, block } of blocks) {
    if (section !== last && section.batch !== undefined) lines.push({ kind: 'title', section });
    last = section;
    lines.push(...sliced(section, block, perLine));
  }
  return { form: 'names', lines, cellWidth, gutterWidth };
};

/** Tens and fives can be counted by eye. */
const roundDown = (perLine: number): number => (perLine >= 10 ? perLine - (perLine % 5) : perLine);

const denseArrangement = (sections: readonly Section[], columns: number): Arrangement => {
  const gutterWidth = columns >= 120 ? 22 : 14;
  const perLine = Math.max(10, Math.floor((columns - gutterWidth + 1) / 11) * 10);
  const lines = sections.flatMap(section =>
    sliced(
      section,
      {
        gutter: section.batch === undefined ? section.key : `batch ${section.batch.number}${stageWords[section.stage]}`,
        prefix: '',
        hosts: section.hosts,
      },
      perLine,
    ),
  );
  return { form: 'dense', lines, cellWidth: 1, gutterWidth };
};

const stageWords: Readonly<Record<Section['stage'], string>> = { done: ' done', open: ' OPEN', queued: '' };

/** Folds lines of letters that all say the same calm thing; lines with anything else in them stay. */
const foldingCalm = (lines: readonly GridLine[], cursor: string): readonly GridLine[] => {
  const kept: GridLine[] = [];
  for (const line of lines) {
    const kind =
      line.kind === 'cells' && line.hosts.every(view => view.kind === line.hosts[0]?.kind && view.name !== cursor)
        ? line.hosts[0]?.kind
        : undefined;
    const isCalm = line.kind === 'cells' && kind !== undefined && ['ok', 'skipped', 'queued', 'idle'].includes(kind);
    if (!isCalm) {
      kept.push(line);
      continue;
    }
    const last = kept.at(-1);
    const joins = last?.kind === 'fold' && last.section.key === line.section.key && last.section.hosts[0]?.kind === kind;
    const hosts = joins ? [...last.section.hosts, ...line.hosts] : line.hosts;
    const stage = kind === 'ok' || kind === 'skipped' ? 'done' : 'queued';
    if (joins) kept.pop();
    kept.push({ kind: 'fold', section: { key: line.section.key, hosts, stage, ...(line.section.batch && { batch: line.section.batch }) } });
  }
  return kept;
};

type Block = { readonly gutter: string; readonly prefix: string; readonly hosts: readonly HostView[] };

const sliced = (section: Section, { gutter, prefix, hosts }: Block, perLine: number): GridLine[] => {
  const lines: GridLine[] = [];
  for (let from = 0; from < hosts.length; from += perLine) {
    lines.push({ kind: 'cells', section, gutter: from === 0 ? gutter : '', prefix, hosts: hosts.slice(from, from + perLine) });
  }
  return lines;
};

/** Hosts of a section by group, with the letters that all their names begin with when the group is called so. */
const blocksOf = (section: Section): readonly Block[] => {
  const groups = new Map<string, HostView[]>();
  for (const view of section.hosts) {
    const same = groups.get(view.group);
    if (same === undefined) groups.set(view.group, [view]);
    else same.push(view);
  }
  return [...groups].map(([gutter, hosts]) => ({
    gutter,
    hosts,
    prefix: hosts.every(view => /^\d+$/.test(view.name.slice(gutter.length)) && view.name.startsWith(gutter)) ? gutter : '',
  }));
};

/** Room for a label and its letter, with a blank between them unless the label ends in a digit. */
const labelWidth = (label: string): number => Math.min(24, label.length) + (/\d$/.test(label) ? 0 : 1);

/** Folds sections that are wholly done or wholly queued, the cursor's excepted, until the lines fit. */
const folding = (lines: readonly GridLine[], height: number, cursor: string): readonly GridLine[] => {
  if (lines.length <= height) return lines;
  const kept: GridLine[] = [];
  const folded = new Set<Section>();
  for (const line of lines) {
    const { section } = line;
    const open = section.stage === 'open' || section.hosts.some(view => view.name === cursor);
    if (open) kept.push(line);
    else if (!folded.has(section)) {
      folded.add(section);
      kept.push({ kind: 'fold', section });
    }
  }
  return kept;
};

const sectionsOf = (console: Console, shown: readonly HostView[]): readonly Section[] => {
  const run = runInFocus(console);
  const { order } = console.view;
  if (order === 'trouble') {
    const worst = (view: HostView): number => looks[view.kind].hand || Number.POSITIVE_INFINITY;
    return [{ key: 'trouble first', hosts: [...shown].sort((a, b) => (worst(a) === worst(b) ? 0 : worst(a) - worst(b))), stage: 'open' }];
  }
  const isRoll = run !== undefined && batchCount(run) > 1;
  return isRoll && (order === 'batch' || (order === 'auto' && run.phase.kind !== 'ended')) ? byBatch(run, shown) : byGroup(shown);
};

/** How many batches a run will have had. */
export const batchCount = (run: Run): number => plannedBatches(run).length;

/** Batches that have opened, and those still to come as the plan has them. */
export const plannedBatches = (
  run: Run,
): readonly { readonly number: number; readonly hosts: readonly string[]; readonly openedAt?: number; readonly endedAt?: number }[] => {
  const opened = run.batches;
  const taken = opened.filter(batch => batch.kind === 'first').length;
  const planned = run.plan.plays.flatMap(play => batchesOf(play.hosts, play.serial));
  const coming = planned.slice(taken).map((hosts, index) => ({ number: (opened.at(-1)?.number ?? 0) + index + 1, hosts }));
  return [...opened, ...coming];
};

const byBatch = (run: Run, shown: readonly HostView[]): readonly Section[] => {
  const left = new Map(shown.map(view => [view.name, view]));
  const sections: Section[] = [];
  for (const batch of plannedBatches(run)) {
    const hosts = batch.hosts.map(name => left.get(name)).filter(view => view !== undefined);
    for (const view of hosts) left.delete(view.name);
    if (hosts.length === 0) continue;
    const stage = batch.endedAt !== undefined ? 'done' : batch.openedAt !== undefined ? 'open' : 'queued';
    sections.push({ key: `batch ${batch.number}`, batch, hosts, stage });
  }
  if (left.size > 0) sections.push({ key: 'not in it', hosts: [...left.values()], stage: 'done' });
  return sections;
};

const byGroup = (shown: readonly HostView[]): readonly Section[] => {
  const groups = new Map<string, HostView[]>();
  for (const view of shown) {
    const same = groups.get(view.group);
    if (same === undefined) groups.set(view.group, [view]);
    else same.push(view);
  }
  return [...groups].map(([key, hosts]) => ({ key, hosts, stage: stageOf(hosts) }));
};

const stageOf = (hosts: readonly HostView[]): Section['stage'] => {
  if (hosts.every(view => view.kind === 'ok' || view.kind === 'skipped')) return 'done';
  if (hosts.every(view => view.kind === 'queued' || view.kind === 'idle')) return 'queued';
  return 'open';
};

/** The nodeset of a section, for its folded row. */
export const nodesetOf = (hosts: readonly HostView[]): string => fold(hosts.map(view => view.name));

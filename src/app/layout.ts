// The only place that shares out the rows of the terminal. Pure: a size and some counts in, heights out, their sum always the height.
// It knows no texts; whoever draws a pane gets its height from here and draws exactly so many rows.

/** Below this there is one line that says so. */
export const smallest = { columns: 60, rows: 15 } as const;

/** What wants room on the Hosts screen. */
export type Wants = {
  readonly columns: number;
  readonly rows: number;
  /** Hosts that need a hand. */
  readonly trouble: number;
  /** Runs that go on or wait. */
  readonly runs: number;
  /** Lines that the grid has; absent before they are laid: it gets all there is. */
  readonly lines?: number;
  readonly zoom: 'off' | 'on';
  /** Rows of the dialog, its rule included; 0 without one. */
  readonly dialog: number;
};

/** Heights of the panes, in their order from the top. A pane of height 0 is not there. */
export type Layout = {
  readonly header: number;
  readonly counters: number;
  readonly tabs: number;
  /** *needs a hand*, and beside or below it the queue; `rule` included in `height`. */
  readonly hand: {
    readonly height: number;
    readonly rule: number;
    readonly trouble: number;
    readonly runs: number;
    readonly beside: 'beside' | 'below';
  };
  /** `list`: lines that it may have if the preview keeps no more than its last words. */
  readonly grid: { readonly height: number; readonly rule: number; readonly list: number };
  readonly preview: { readonly height: number; readonly rule: number };
  readonly dialog: number;
  readonly state: number;
  readonly hints: number;
};

/** Shares out the Hosts screen. */
export const hostsLayout = (wants: Wants): Layout => {
  const { rows } = wants;
  const compact = rows < 20;
  const fixed = { header: 1, counters: 1, tabs: compact ? 0 : 1, state: 1, hints: 1 };
  let room = rows - 4 - fixed.tabs;
  const dialog = Math.min(wants.dialog, room - 2);
  room -= dialog;
  const rule = compact ? 0 : 1;
  const hand = wants.zoom === 'on' ? noHand : handOf(wants, rule, Math.max(0, room - 6));
  room -= hand.height;
  const least = wants.zoom === 'on' || dialog > 0 ? 0 : previewLeast(rows);
  // A line for each host is worth more than a second line of output.
  const list = room - Math.min(least, rule + 1);
  const most = wants.lines !== undefined && rule + wants.lines <= list ? list : room - least;
  // What the grid leaves free shows more of the output.
  const wanted = wants.lines === undefined ? most : Math.min(most, rule + Math.max(1, wants.lines));
  const preview = least === 0 ? 0 : room - wanted;
  const grid = room - preview;
  return {
    ...fixed,
    hand,
    grid: { height: grid, rule: Math.min(rule, grid), list: list - rule },
    preview: { height: preview, rule: compact ? 0 : Math.min(1, preview) },
    dialog,
  };
};

const noHand: Layout['hand'] = { height: 0, rule: 0, trouble: 0, runs: 0, beside: 'below' };

const previewLeast = (rows: number): number => (rows < 20 ? 1 : rows < 30 ? 3 : rows < 50 ? 4 : 6);

const handOf = ({ columns, rows, trouble, runs }: Wants, rule: number, room: number): Layout['hand'] => {
  const beside = columns >= 110 && rows >= 30;
  const mostTrouble = rows < 20 ? 3 : rows < 50 ? 4 : 6;
  const mostRuns = rows < 30 ? 1 : beside ? mostTrouble : 3;
  const shownRuns = Math.min(runs, mostRuns);
  const shownTrouble = Math.min(trouble, mostTrouble);
  if (beside) {
    const height = Math.min(room, rule + Math.max(shownTrouble, shownRuns));
    return { height, rule, trouble: Math.min(shownTrouble, height - rule), runs: Math.min(shownRuns, height - rule), beside: 'beside' };
  }
  const lines = Math.min(shownTrouble, Math.max(0, room - rule));
  const below = Math.min(shownRuns, Math.max(0, room - rule - lines));
  return { height: rule + lines + below, rule, trouble: lines, runs: below, beside: 'below' };
};

/** Shares out a screen with one body: header, two facts, body, dialog, state, hints. */
export const plainLayout = (
  rows: number,
  facts: number,
  dialog: number,
): { readonly facts: number; readonly body: number; readonly dialog: number } => {
  const room = rows - 3;
  const shownDialog = Math.min(dialog, Math.max(0, room - 3));
  const shownFacts = Math.min(facts, Math.max(0, room - shownDialog - 2));
  return { facts: shownFacts, body: room - shownDialog - shownFacts, dialog: shownDialog };
};

/** The first row of a window of `height` rows over `total`, moved no further than it must so that `at` is in it. */
export const windowTop = (top: number, at: number, height: number, total: number): number => {
  const least = Math.max(0, at - height + 1);
  const moved = Math.min(Math.max(top, least), Math.max(0, at));
  return Math.max(0, Math.min(moved, Math.max(0, total - height)));
};

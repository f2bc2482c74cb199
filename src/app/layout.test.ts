// Whatever the size and whatever wants room, the heights sum up to the terminal's: a taller tree would scroll the screen.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostsLayout, plainLayout, windowTop } from './layout.ts';

const wants = fc.record({
  columns: fc.integer({ min: 60, max: 300 }),
  rows: fc.integer({ min: 15, max: 120 }),
  trouble: fc.nat(500),
  runs: fc.nat(50),
  lines: fc.option(fc.nat(3000), { nil: undefined }),
  zoom: fc.constantFrom('off' as const, 'on' as const),
  dialog: fc.constantFrom(0, 2, 4, 5, 10),
});

test('the heights of the Hosts screen sum up to the rows of the terminal, and none is negative', () => {
  fc.assert(
    fc.property(wants, ({ lines, ...rest }) => {
      const layout = hostsLayout({ ...rest, ...(lines !== undefined && { lines }) });
      const { header, counters, tabs, hand, grid, preview, dialog, state, hints } = layout;
      const heights = [header, counters, tabs, hand.height, grid.height, preview.height, dialog, state, hints];
      expect(heights.reduce((sum, height) => sum + height, 0)).toBe(rest.rows);
      for (const height of [...heights, hand.trouble, hand.runs]) expect(height).toBeGreaterThanOrEqual(0);
      expect(hand.trouble).toBeLessThanOrEqual(rest.trouble);
      expect(hand.trouble + hand.rule).toBeLessThanOrEqual(Math.max(hand.height, hand.rule));
      expect(grid.height).toBeGreaterThanOrEqual(1);
    }),
  );
});

test('trouble, the last two rows and the dialog are there on the smallest screen', () => {
  const layout = hostsLayout({ columns: 60, rows: 15, trouble: 9, runs: 2, zoom: 'off', dialog: 0 });
  expect(layout.hand).toMatchObject({ trouble: 3, runs: 1, rule: 0 });
  expect(layout.state + layout.hints).toBe(2);
  expect(hostsLayout({ columns: 60, rows: 15, trouble: 9, runs: 2, zoom: 'off', dialog: 5 }).dialog).toBe(5);
});

test('what the grid does not need shows more of the output', () => {
  const wide = { columns: 120, rows: 40, trouble: 0, runs: 0, zoom: 'off', dialog: 0 } as const;
  expect(hostsLayout({ ...wide, lines: 12 }).preview.height).toBeGreaterThan(hostsLayout(wide).preview.height);
  expect(hostsLayout({ ...wide, lines: 12 }).grid.height).toBe(13);
});

test('the heights of a screen with one body sum up too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 15, max: 120 }), fc.nat(8), fc.nat(12), (rows, facts, dialog) => {
      const layout = plainLayout(rows, facts, dialog);
      expect(3 + layout.facts + layout.body + layout.dialog).toBe(rows);
      expect(layout.body).toBeGreaterThan(0);
    }),
  );
});

test('a window moves no further than it must', () => {
  expect(windowTop(0, 5, 10, 100)).toBe(0);
  expect(windowTop(0, 10, 10, 100)).toBe(1);
  expect(windowTop(50, 40, 10, 100)).toBe(40);
  expect(windowTop(95, 99, 10, 100)).toBe(90);
  expect(windowTop(3, 0, 10, 5)).toBe(0);
});

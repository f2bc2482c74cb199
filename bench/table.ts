// The only place that turns measurements into the page bench/RESULTS.md. It judges each goal and measures nothing.
import type { Spread } from './measure.ts';
import { spreadOf } from './measure.ts';

/** One line of the table; `holds` absent where section 10 of the design names no goal. */
export type Row = {
  readonly work: string;
  readonly ours: string;
  readonly nextTo: string;
  readonly theirs: string;
  readonly ratio: string;
  readonly goal: string;
  readonly holds?: boolean;
};

/** Two series of the same rounds, one value each per round. `most`: the goal for ours / theirs; `least`: for theirs / ours. */
export type Pair = {
  readonly work: string;
  readonly nextTo: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly goal: { readonly most: number } | { readonly least: number } | undefined;
};

/** The ratio is the median of the rounds' own ratios, so that load which comes and goes weighs on both sides. */
export const pairRow = ({ work, nextTo, ours, theirs, goal }: Pair): Row => {
  const least = goal !== undefined && 'least' in goal;
  const ratios = theirs.map((their, round) => {
    // A peer may have been run once only, or in some rounds.
    const own = ours[round] ?? Number.NaN;
    return least ? their / own : own / their;
  });
  const { median } = spreadOf(ratios);
  return {
    work,
    ours: seconds(spreadOf(ours)),
    nextTo,
    theirs: seconds(spreadOf(theirs)),
    ratio: `${shown(spreadOf(ratios))}${least ? ' × less' : ''}`,
    goal: goal === undefined ? '' : least ? `≥ ${goal.least} × less` : `≤ ${'most' in goal ? goal.most : ''}`,
    ...(goal !== undefined && { holds: 'least' in goal ? median >= goal.least : median <= goal.most }),
  };
};

/** A figure with nothing next to it. */
export const soloRow = (work: string, ours: string, goal: string, holds: boolean): Row => ({
  work,
  ours,
  nextTo: '',
  theirs: '',
  ratio: '',
  goal,
  holds,
});

const seconds = (spread: Spread): string => shown(spread);

/** `median (least–most)`, or the one value there is. */
export const shown = ({ median, least, most }: Spread, digits = 2): string =>
  Number.isNaN(median)
    ? '–'
    : least === most
      ? median.toFixed(digits)
      : `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;

/** What the page says besides the rows. */
export type Circumstances = {
  readonly hosts: number;
  readonly date: string;
  readonly node: string;
  readonly cores: number;
  readonly rounds: string;
  readonly load: string;
  readonly seconds: number;
  readonly notes: readonly string[];
};

export const pageOf = (rows: readonly Row[], about: Circumstances): string =>
  [
    '# Benchmarks',
    '',
    `Written by \`npm run bench\` on ${about.date}: node ${about.node}, ${about.cores} cores, ${about.rounds}, ${about.seconds} s in all.`,
    about.load,
    '',
    'Seconds unless said otherwise; median (least–most) of the rounds. Each round runs ours and the others one after the other, and the ratio',
    `is the median of the rounds’ ratios: ratios count, times depend on the machine. *Here* is our side: driver and client together. ${about.hosts} names`,
    'stand for one real sshd on the same machine, 25 forks, no start rate, each connection let go at once. The *bare loop* is ssh2 alone with the',
    'same runner, forks and poll, in a process that is as warm as the driver. Process start-up is left out on both sides (of Ansible it is',
    'measured and taken off), except that each `ssh` is a process.',
    '',
    ...tableOf(rows),
    '',
    ...about.notes.map(note => `- ${note}`),
    '',
  ].join('\n');

/** The lines of a table. */
export const tableOf = (rows: readonly Row[]): readonly string[] => [
  '| work | ours | next to | theirs | ratio | goal | holds |',
  '|---|---|---|---|---|---|---|',
  ...rows.map(
    row =>
      `| ${row.work} | ${row.ours} | ${row.nextTo} | ${row.theirs} | ${row.ratio} | ${row.goal} | ${
        row.holds === undefined ? '' : row.holds ? 'yes' : '**no**'
      } |`,
  ),
];

const inventories = '\n## Inventories\n';

/** The page with another section on inventories, which stands last. */
export const putSection = (page: string, section: string): string => `${page.split(inventories)[0]}${inventories}\n${section}\n`;

/** Another page with the section on inventories of the one before, where it had one. */
export const keepSection = (page: string, before: string): string => {
  const [, section] = before.split(inventories);
  return section === undefined ? page : `${page}${inventories}${section}`;
};

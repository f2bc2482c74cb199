// The only place for the preview: the host under the cursor, its facts with their age, and the live end of its output.
import { describeFailure } from '../../domain/failure.ts';
import { shortJid } from '../../domain/job.ts';
import type { SafeLine } from '../../domain/safe-line.ts';
import type { Console, Tail } from '../console-state.ts';
import { type HostView, runInFocus } from '../host-view.ts';
import type { HostsScreen } from '../hosts-screen.ts';
import { looks } from '../letters.ts';
import { type Palette, type Piece, row, rule } from '../style.ts';
import { viewUnderCursor } from '../targets.ts';
import { awayWords } from '../ways.ts';
import { limitLeft, nextLook, ranFor, seenAt, silenceWords, since, stateWord } from '../words.ts';

/** All rows of the pane; without a rule (small screens) one row of facts. */
export const previewRows = (console: Console, palette: Palette, { layout }: HostsScreen): string[] => {
  const { columns } = console.view;
  const { height, rule: ruled } = layout.preview;
  if (height === 0) return [];
  const view = viewUnderCursor(console);
  if (view === undefined) return Array.from({ length: height }, () => ' '.repeat(columns));
  const { run } = view;
  const isOther = run !== undefined && run !== runInFocus(console);
  const facts = [...factsOf(view, console.wall), ...(isOther ? [`run ${run.number} ${run.plan.title}`] : [])].join('  ');
  if (ruled === 0) return [row(palette, columns, [['dim', `${view.name}  ${facts}`]]), ...emptyRows(columns, height - 1)];
  const body = bodyOf(console, view, height - 1).map(piece => row(palette, columns, [' ', piece]));
  return [
    rule(palette, columns, `${view.name}  ${facts}`, view.job === undefined ? '' : shortJid(view.job.jid)),
    ...body,
    ...emptyRows(columns, height - 1 - body.length),
  ];
};

const emptyRows = (columns: number, count: number): string[] => Array.from({ length: Math.max(0, count) }, () => ' '.repeat(columns));

const factsOf = (view: HostView, wall: number): string[] => {
  const look = looks[view.kind];
  const { job } = view;
  const facts = [`${look.letter} ${stateWord(view)}`];
  if (job === undefined) return facts;
  const next = nextLook(view, wall);
  if (job.state.kind !== 'ended') {
    facts.push(`as of ${since(wall, seenAt(job))} ago`);
    if (next !== '') facts.push(`asked ${next}`);
    if (ranFor(job, wall) !== '') facts.push(`runs ${ranFor(job, wall)}`);
    const left = limitLeft(job, wall);
    if (left !== '') facts.push(left);
  } else {
    if (ranFor(job, wall) !== '') facts.push(`ran ${ranFor(job, wall)}`);
    if (next !== '') facts.push(next);
  }
  return facts;
};

const bodyOf = (console: Console, view: HostView, height: number): Piece[] => {
  const { job } = view;
  if (job === undefined) return [['dim', idleWords(console, view)]];
  const failure =
    job.state.kind === 'stale'
      ? job.state.failure
      : job.state.kind === 'ended' && job.state.verdict.kind === 'unreachable'
        ? job.state.verdict.failure
        : undefined;
  if (failure !== undefined) {
    const { what, why, next } = describeFailure(failure);
    return ([['strong', `${what}${why === '' ? '' : `: ${why}`}`], `next: ${next}`] as Piece[]).slice(0, height);
  }
  const away = job.state.kind === 'starting' ? awayWords(console, view.name) : undefined;
  if (away !== undefined) return [['strong', away]];
  const tail = console.data.tails.get(job.jid);
  const lines = tailPieces(tail, height);
  if (lines.length > 0) return lines;
  if (job.lastLine !== '' && job.outputRemovedAt === undefined) return [job.lastLine];
  return [['dim', silenceWords(job)]];
};

const idleWords = (console: Console, view: HostView): string => {
  const { setting } = console;
  const away = awayWords(console, view.name);
  const host = setting.fleet.hosts.find(other => other.name === view.name);
  const groups = host === undefined || host.groups.length === 0 ? '' : `in ${host.groups.join(', ')}.  `;
  return view.kind === 'queued' || view.kind === 'held'
    ? `${groups}${away === undefined ? '' : `${away}.  `}its turn in run ${view.run?.number ?? ''} has not come`
    : `${groups}Nothing has run here yet: n types a task, space marks more hosts`;
};

/** The last lines of a tail; what came on standard error has a bar in front. */
export const tailPieces = (tail: Tail | undefined, height: number): Piece[] =>
  (tail?.lines ?? [])
    .filter(line => line.text.trim() !== '')
    .slice(-height)
    .map(line => ({ output: (line.stream === 'err' ? `! ${line.text}` : line.text) as SafeLine }));

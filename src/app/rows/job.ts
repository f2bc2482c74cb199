// The only place that draws one job: the view with its facts and its log, and the log alone on the whole screen.
import { asWhom } from '../../domain/become.ts';
import { formatDuration } from '../../domain/duration.ts';
import { actorName, originName } from '../../domain/event.ts';
import { describeFailure } from '../../domain/failure.ts';
import { type Job, shortJid, type Verdict } from '../../domain/job.ts';
import { onHostOf } from '../../domain/reduce-job.ts';
import type { Run } from '../../domain/run-state.ts';
import { type SafeLine, withoutColours } from '../../domain/safe-line.ts';
import { othersOf } from '../adopt-words.ts';
import type { Console, Mode, Tail } from '../console-state.ts';
import { verdictWords } from '../event-words.ts';
import { type HostView, viewInRun } from '../host-view.ts';
import { windowTop } from '../layout.ts';
import { looks } from '../letters.ts';
import { logLines } from '../log-lines.ts';
import { type Palette, type Piece, row, rule, wrapWords } from '../style.ts';
import { handWords, limitLeft, nextLook, ranFor, seenAt, silenceWords, since, stateWord } from '../words.ts';
import { clockPieces, labelPiece } from './header.ts';

const bytes = new Intl.NumberFormat('en');

/** Row 1 of both: whose fleet, which run, which host. */
export const jobHeaderRow = (console: Console, palette: Palette, job: Job): string => {
  const run = console.data.state.runs.get(job.runId);
  const progress = run?.hosts.get(job.host);
  const { fleet } = console.setting;
  const task = run?.plan.plays.flatMap(play => play.tasks).find(other => other.path === job.taskPath);
  const steps = run?.plan.plays.flatMap(play => play.tasks).length ?? 1;
  const left: Piece[] = [labelPiece(fleet.label, fleet.colour), ` run ${run?.number ?? '?'}`];
  if (run !== undefined && run.batches.length > 1) left.push(` > batch ${progress?.batch ?? '?'}`);
  left.push(' > ', ['strong', job.host]);
  if (steps > 1 && task !== undefined) left.push(` > ${task.name}`);
  return row(palette, console.view.columns, left, clockPieces(console));
};

/** `run 12@laptop1 of ops2@laptop1, batch 3/8, in the account web`: where it was begun. */
const adoptedWords = ({ adopted }: Job, run: Run | undefined): string => {
  const [owner = 'us'] = adopted === undefined ? [] : othersOf([{ adopted }]);
  return [
    run?.origin === undefined ? 'from elsewhere' : `from ${originName(run.origin)}`,
    owner === 'us' ? '' : `started by ${owner}`,
    adopted === undefined || adopted.batch === '' || adopted.batch === '1/1' ? '' : `batch ${adopted.batch}`,
    adopted?.become === undefined ? '' : `run as ${adopted.become}`,
    adopted?.at.account === undefined ? '' : `in the account ${adopted.at.account.name}`,
  ]
    .filter(word => word !== '')
    .join(', ');
};

/** The view of the host whose job this is, with this very job. */
const viewOf = (console: Console, job: Job): HostView => {
  const run = console.data.state.runs.get(job.runId);
  const row = run?.hosts.get(job.host);
  if (run !== undefined && row?.jid === job.jid) return viewInRun(console.data, run, row);
  const kind = job.state.kind === 'ended' ? job.state.verdict.kind : job.state.kind;
  return { name: job.host, group: '', kind, job };
};

/** Row 2: state, age, next look, attempt. */
export const jobStateRow = (console: Console, palette: Palette, job: Job): string => {
  const { wall } = console;
  const view = viewOf(console, job);
  const look = looks[view.kind];
  const pieces: Piece[] = [[look.tone, ` ${look.letter} ${stateWord(view).toUpperCase()} `]];
  if (job.state.kind === 'ended') pieces.push(`  ${endWords(job.state.verdict)}, ${since(wall, job.state.at)} ago`);
  else {
    pieces.push(`  as of ${since(wall, seenAt(job))} ago`);
    const next = nextLook(view, wall);
    pieces.push(next === '' ? '' : `   asked ${next}`);
  }
  return row(palette, console.view.columns, [...pieces, `   attempt ${job.attempt}`]);
};

/** Why a host was not reached takes rows of its own below. */
const endWords = (verdict: Verdict): string =>
  verdict.kind !== 'unreachable' ? verdictWords(verdict) : verdict.began === 'maybe' ? 'it may still run' : 'nothing was started';

/** The facts, the most useful first. */
export const jobFactRows = (console: Console, palette: Palette, job: Job): string[] => {
  const { wall } = console;
  const run = console.data.state.runs.get(job.runId);
  const order = console.data.state.orders.get(job.jid);
  const on = onHostOf(job.state);
  const words = handWords(viewOf(console, job), wall);
  const facts: [string, string][] = [];
  if (looks[viewOf(console, job).kind].hand > 0) facts.push(['trouble', `${words.what}  ${words.more}`]);
  const next = whatNext(job);
  if (next !== '') facts.push(['next', next]);
  facts.push(['command', order?.command ?? commandOf(console, job)]);
  if (job.adopted !== undefined) facts.push(['adopted', adoptedWords(job, run)]);
  if (on !== undefined)
    facts.push(['started', `${clockOf(on.startedAt)}   ${job.state.kind === 'ended' ? 'ran' : 'runs'} ${ranFor(job, wall)}`]);
  if (on !== undefined)
    facts.push([
      'limit',
      on.limit === 0
        ? 'none'
        : `${formatDuration(on.limit)}   ${limitLeft(job, wall)}${job.state.kind === 'ended' ? '' : '   T gives more'}`,
    ]);
  if (on !== undefined)
    facts.push([
      'where',
      `pid ${on.pid}${asWhom(order?.become)}, own session, boot ${on.bootId.slice(0, 8)}; ~/.rollcall/jobs/${shortJid(job.jid)}...`,
    ]);
  const here = job.output.out + job.output.err;
  const there = job.output.outThere + job.output.errThere;
  facts.push([
    'output',
    `${bytes.format(here)} B here of ${bytes.format(Math.max(here, there))} B on the host${job.output.dropped > 0 ? `, ${bytes.format(job.output.dropped)} B dropped by the cap` : ''}`,
  ]);
  if (run?.by !== undefined) facts.push(['by', `${actorName(run.by)} in run ${run.number} ${run.plan.title}`]);
  return facts.flatMap(([name, value]) => factRows(console, palette, name, value));
};

/** Most rows of one fact: a command may be a whole script. */
const mostFactRows = 4;

const factRows = (console: Console, palette: Palette, name: string, value: string): string[] => {
  const { columns } = console.view;
  const lines = wrapWords(value, columns - 9);
  const shown = lines.length > mostFactRows ? [...lines.slice(0, mostFactRows - 1), lines.slice(mostFactRows - 1).join(' ')] : lines;
  return shown.map((line, at) => row(palette, columns, [['dim', ` ${(at === 0 ? name : '').padEnd(8)}`], line]));
};

/** What to do about a host that was not reached. */
const whatNext = ({ state }: Job): string => {
  const failure = state.kind === 'ended' && state.verdict.kind === 'unreachable' ? state.verdict.failure : undefined;
  return failure === undefined ? '' : describeFailure(failure).next;
};

const commandOf = (console: Console, job: Job): string => {
  const tasks = console.data.state.runs.get(job.runId)?.plan.plays.flatMap(play => play.tasks);
  const task = tasks?.find(other => other.path === job.taskPath);
  const command = task?.module.args['cmd'];
  return task?.noLog === true ? 'not shown (no_log)' : typeof command === 'string' ? command : (task?.name ?? '');
};

const clockOf = (at: number): string => {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
};

/** The log under the facts: its end, following. */
export const jobLogRows = (console: Console, palette: Palette, job: Job, height: number): string[] => {
  const { columns } = console.view;
  if (height <= 0) return [];
  const lines = console.data.tails.get(job.jid)?.lines ?? [];
  const shown = lines.slice(-(height - 1)).map(line => row(palette, columns, [' ', linePiece(line)]));
  const isPart = (console.data.tails.get(job.jid)?.after ?? 'nothing') !== 'nothing';
  const title = isPart ? 'log  an earlier part, l follows' : job.state.kind === 'ended' ? 'log  ended' : 'log  following';
  const body = shown.length > 0 ? shown : [row(palette, columns, [['dim', ` ${silenceWords(job)}`]])];
  return [
    rule(palette, columns, title),
    ...body,
    ...Array.from({ length: Math.max(0, height - 1 - body.length) }, () => ' '.repeat(columns)),
  ].slice(0, height);
};

const linePiece = (line: { readonly stream: 'out' | 'err'; readonly text: SafeLine }): Piece => ({
  output: (line.stream === 'err' ? `! ${line.text}` : line.text) as SafeLine,
});

/** Which of how many; lines are counted from the first of the log only where that is known. */
const placeWords = (mode: Mode & { kind: 'log' }, tail: Tail | undefined, top: number, bottom: number, count: number): string => {
  const word = mode.wrap === 'wrap' ? 'rows' : 'lines';
  const first = mode.wrap === 'wrap' ? 0 : (tail?.first ?? 0);
  const range = `${word} ${first + top + 1}-${first + bottom}`;
  if (tail?.after === 'coming') return `${range} of ${first + count}, more is coming`;
  if (tail?.after === 'more') return `${range} of ${first + count} and more: L`;
  if (tail?.before === 'more' && tail.first === 0) return `${range} of the last ${count}, the whole: L`;
  return `${range} of ${first + count}${tail?.before === 'more' ? ', from the first: L' : ''}`;
};

/** The log alone; `at` is its first line, or its end while it follows. */
export const logRows = (console: Console, palette: Palette, mode: Mode & { kind: 'log' }, height: number): string[] => {
  const { columns } = console.view;
  const tail = console.data.tails.get(mode.jid);
  const lines = logLines(console, mode);
  const body = height - 1;
  const top = mode.at === 'end' ? Math.max(0, lines.length - body) : windowTop(mode.at, mode.at, body, lines.length);
  const wanted = mode.search.toLowerCase();
  const shown = lines.slice(top, top + body).map(line => {
    const isHit = wanted !== '' && withoutColours(line.text).toLowerCase().includes(wanted);
    return row(
      palette,
      columns,
      isHit
        ? [
            ['strong', '>'],
            ['bar', withoutColours(line.text)],
          ]
        : [' ', linePiece(line)],
    );
  });
  const place = lines.length === 0 ? 'empty' : placeWords(mode, tail, top, Math.min(lines.length, top + body), lines.length);
  const job = console.data.state.jobs.get(mode.jid);
  if (shown.length === 0 && job !== undefined) shown.push(row(palette, columns, [['dim', ` ${silenceWords(job)}`]]));
  const following = job?.state.kind === 'ended' ? 'its end' : 'following';
  const title = `log  ${mode.at === 'end' ? following : 'standing still, F follows'}${mode.search === '' ? '' : `  /${mode.search}`}`;
  return [
    rule(palette, columns, title, place),
    ...shown,
    ...Array.from({ length: Math.max(0, body - shown.length) }, () => ' '.repeat(columns)),
  ].slice(0, height);
};

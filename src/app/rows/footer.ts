// The only place for the last two rows of every screen: the state of the queue, and the keys that work now.
import { describeFailure } from '../../domain/failure.ts';
import { holdWords } from '../../domain/hold.ts';
import { type Question, wanted } from '../../domain/need.ts';
import type { Run } from '../../domain/run-state.ts';
import { placeOf } from '../commands/command.ts';
import { hintsFor, keyName } from '../commands.ts';
import type { Console } from '../console-state.ts';
import { topMode } from '../console-state.ts';
import { manyHosts } from '../dialogs/prompt.ts';
import { hostViews, ownRuns, runCounts, runInFocus } from '../host-view.ts';
import { hostsScreen } from '../hosts-screen.ts';
import { isOut } from '../letters.ts';
import { bar, fitted, type Palette, type Piece, row, widthOf } from '../style.ts';
import { hostsInTrouble } from '../trouble.ts';
import { waysWords } from '../ways.ts';
import { counted, notWell, since, until } from '../words.ts';

/** The last but one row: running, paused, idle; what alarms takes the whole row in reverse. */
export const stateRow = (console: Console, palette: Palette): string => {
  const { columns } = console.view;
  const { data, setting, wall } = console;
  if (data.link === 'gone') return bar(palette, columns, 'bar-alarm', 'driver gone, starting another   what runs on the hosts goes on');
  if (data.banner !== undefined) {
    const { what, why, next } = describeFailure(data.banner);
    return bar(palette, columns, 'bar-alarm', `${what}${why === '' ? '' : `: ${why}`}   ${next}`);
  }
  const [asked] = data.questions;
  if (asked !== undefined) return bar(palette, columns, 'bar-alarm', askedWords(data.questions, asked));
  const runs = ownRuns(data, setting.fleet).filter(run => run.phase.kind !== 'ended');
  const jobs = hostViews(console).all.filter(view => isOut(view.kind));
  const paused = runs.filter(run => run.phase.kind === 'paused');
  if (runs.length > 0 && paused.length === runs.length) return bar(palette, columns, 'bar', pausedWords(paused, jobs.length, wall));
  if (runs.length === 0 && jobs.length === 0) return row(palette, columns, idlePieces(console));
  const focus = runInFocus(console);
  const counts = focus === undefined || focus.phase.kind === 'ended' ? undefined : runCounts(data, focus);
  const toCome = counts === undefined ? 0 : Math.max(0, counts.hosts - counts.done - counts.out);
  const queued = runs.filter(run => run.batches.length === 0).length;
  const next = jobs.map(view => view.job).filter(job => job?.nextLookAt !== undefined);
  const soonest = next.sort((a, b) => (a?.nextLookAt ?? 0) - (b?.nextLookAt ?? 0))[0];
  const ways = waysWords(console);
  return row(palette, columns, [
    ['strong', 'RUNNING'],
    `  ${counted(jobs.length, 'job')} out`,
    ...(toCome > 0 ? [`, ${counted(toCome, 'host')} to come`] : []),
    ...(queued > 0 ? [`, ${counted(queued, 'run')} queued`] : []),
    ...(paused.length > 0 ? [['warning', `  ${counted(paused.length, 'run')} paused`] as const] : []),
    ...(ways === undefined ? [] : [['warning', `   ${ways}`] as const]),
    ...(soonest?.nextLookAt === undefined || ways !== undefined
      ? []
      : [['dim', `   next look: ${soonest.host} ${until(wall, soonest.nextLookAt)}`] as const]),
  ]);
};

/** Whoever waits is told wherever the operator is. */
const askedWords = (questions: readonly Question[], { need, hosts }: Question): string => {
  // One yes is for many keys; any other question is counted by itself.
  const same = questions.filter(one => (need.kind === 'host-key' ? one.need.kind === 'host-key' : one.need === need));
  const waiting = new Set(same.flatMap(one => one.hosts));
  const others = questions.length - same.length;
  const more = others === 0 ? '' : `; ${counted(others, 'more answer')} ${others === 1 ? 'is' : 'are'} asked for`;
  const who = waiting.size === 1 ? `${hosts[0] ?? ''} waits` : `${waiting.size} hosts wait`;
  return `${who} for ${wanted(need)}${more}   p answers`;
};

const pausedWords = (runs: readonly Run[], jobs: number, wall: number): string => {
  const phase = runs[0]?.phase;
  if (phase?.kind !== 'paused') return 'PAUSED';
  const out = `${counted(jobs, 'job')} ${jobs === 1 ? 'goes' : 'go'} on`;
  // Nobody decided this pause: what had not begun waits for somebody who does.
  const choice = phase.by === undefined && phase.why !== 'operator' ? '   P begins the rest' : ', 0 new starts   P resumes';
  return `PAUSED ${holdWords(phase)} ${since(wall, phase.at)}   ${out}${choice}`;
};

const idlePieces = (console: Console): Piece[] => {
  const last = ownRuns(console.data, console.setting.fleet).at(-1);
  if (last === undefined) return [['strong', 'IDLE'], '  nothing has run yet   ', ['key', 'n'], ' types the first task'];
  const ended = last.phase.kind === 'ended' ? `, ${since(console.wall, last.phase.at)} ago` : '';
  const result = notWell(runCounts(console.data, last));
  const bad = hostsInTrouble(hostsScreen(console).trouble);
  // The last run may be well while others are not.
  const well = bad === 0 ? 'no failures' : `ok; ${counted(bad, 'host')} ${bad === 1 ? 'needs' : 'need'} a hand`;
  const room = console.view.columns - widthOf(`IDLE${ended}   ${result === '' ? well : result}`);
  return [
    ['strong', 'IDLE'],
    fitted(room, `  last: run ${last.number} `, last.plan.title, ''),
    ['dim', ended],
    result === '' ? [bad === 0 ? 'dim' : 'strong', `   ${well}`] : ['strong', `   ${result}`],
  ];
};

const dialogHints: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  prompt: [
    ['Enter', 'go on'],
    ['Tab', 'hosts or command'],
    ['Up', 'earlier ones'],
    ['Esc', 'back'],
  ],
  start: [
    ['Enter', 'start'],
    ['c', 'first one, or all at once'],
    ['Esc', 'back to the line'],
  ],
  cancel: [
    ['Enter', 'keep running'],
    ['Tab', 'other button'],
    ['Esc', 'back'],
  ],
  retry: [
    ['f u b', 'choose'],
    ['Enter', 'retry'],
    ['Esc', 'back'],
  ],
  extend: [
    ['Enter', 'give it'],
    ['Esc', 'back'],
  ],
  answer: [
    ['Enter', 'give it'],
    ['Ctrl-U', 'clear'],
    ['Esc', 'not now'],
  ],
  adopt: [
    ['Enter', 'ask'],
    ['b', 'every account or ours'],
    ['Esc', 'back'],
  ],
  note: [
    ['Enter', 'note it'],
    ['Esc', 'back'],
  ],
  palette: [
    ['Enter', 'do it'],
    ['Up Down', 'choose'],
    ['Esc', 'back'],
  ],
  filter: [
    ['Enter', 'keep'],
    ['Esc', 'as before'],
  ],
  search: [
    ['Enter', 'search'],
    ['Esc', 'back'],
  ],
};

/** The last row: keys that would work now, or what the last key has to say. */
export const hintsRow = (console: Console, palette: Palette): string => {
  const { columns, toast } = console.view;
  if (toast !== '') return row(palette, columns, [['strong', ` ${toast}`]]);
  const mode = topMode(console.view);
  const dialog =
    mode?.kind === 'cancel' && mode.hosts.length >= manyHosts
      ? ([
          [`${mode.hosts.length} Enter`, 'cancel'],
          ['Enter', 'keep running'],
          ['Esc', 'back'],
        ] as const)
      : mode?.kind === 'adopt' && mode.found !== undefined
        ? ([['Esc', 'back']] as const)
        : dialogHints[mode?.kind ?? ''];
  const place = placeOf(console);
  const back: readonly (readonly [string, string])[] = place === 'job' || place === 'log' || place === 'help' ? [['Esc', 'back']] : [];
  const hints = dialog ?? [
    ...back,
    ...hintsFor(console).map(command => [keyName(command.keys[0] ?? ''), hintWord(command.id, command.hint ?? '', console)] as const),
  ];
  const last = dialog === undefined ? ['help', 'leave'] : [];
  return row(palette, columns, [' ', ...packed(hints, columns - 1, last)]);
};

/** `P` resumes when everything is paused. */
const hintWord = (id: string, hint: string, console: Console): string => {
  if (id === 'leave' && ['job', 'log', 'help'].includes(placeOf(console))) return 'back';
  if (id !== 'pause') return hint;
  const runs = ownRuns(console.data, console.setting.fleet).filter(run => run.phase.kind !== 'ended');
  return runs.every(run => run.phase.kind === 'paused') ? 'resume' : 'pause';
};

/** As many whole hints as fit; the last ones always. */
const packed = (hints: readonly (readonly [string, string])[], room: number, always: readonly string[]): Piece[] => {
  const width = ([key, word]: readonly [string, string]): number => widthOf(key) + widthOf(word) + 3;
  const kept = hints.filter(([, word]) => always.includes(word));
  let left = room + 2 - kept.reduce((sum, hint) => sum + width(hint), 0);
  const chosen = hints.filter(hint => {
    if (always.includes(hint[1])) return true;
    if (width(hint) > left) return false;
    left -= width(hint);
    return true;
  });
  return chosen.flatMap(([key, word], at): Piece[] => [...(at === 0 ? [] : ['  ']), ['key', key], ` ${word}`]);
};

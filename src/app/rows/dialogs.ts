// The only place that draws the dialogs at the foot of the screen. Each repeats the fleet's label, so that no key is pressed on the wrong one.
import { formatDuration } from '../../domain/duration.ts';
import { fold } from '../../domain/nodeset.ts';
import type { Run } from '../../domain/run-state.ts';
import { adoptLines, othersOf } from '../adopt-words.ts';
import { cancelCounts, cancelJobs, cancelRuns } from '../cancel-targets.ts';
import { keyName } from '../commands.ts';
import type { AdoptDialog, CancelDialog, Console, Mode, Prompt, RetryDialog, RetryWhich, StartDialog } from '../console-state.ts';
import { topMode } from '../console-state.ts';
import { retryChoice, retryHosts } from '../dialogs/confirm.ts';
import { manyHosts } from '../dialogs/prompt.ts';
import { paletteEntries } from '../dialogs/typed.ts';
import type { ChooseHosts } from '../hands.ts';
import { countKinds, runCounts, viewInRun } from '../host-view.ts';
import { looks } from '../letters.ts';
import type { Line } from '../line-editor.ts';
import { charactersOf, fitted, type Palette, type Piece, pad, row, rule, widthOf } from '../style.ts';
import { counted } from '../words.ts';
import { answerContent } from './answer.ts';
import { labelPiece } from './header.ts';

/** Rows of a dialog, and where the terminal's cursor stands in it. */
export type Drawn = { readonly rows: readonly string[]; readonly cursor?: { readonly x: number; readonly y: number } };

/** Draws the dialog on top in exactly `height` rows. */
export const dialogRows = (console: Console, palette: Palette, height: number, chooseHosts: ChooseHosts): Drawn => {
  const mode = topMode(console.view);
  if (height === 0 || mode === undefined) return { rows: [] };
  const { columns } = console.view;
  const { pieces, title, cursor } = contentOf(console, mode, height, chooseHosts);
  const rows = [rule(palette, columns, title), ...pieces.map(line => row(palette, columns, line))].slice(0, height);
  while (rows.length < height) rows.push(' '.repeat(columns));
  return { rows, ...(cursor !== undefined && cursor.y < height && { cursor: { x: Math.min(cursor.x, columns - 1), y: cursor.y } }) };
};

type Content = {
  readonly title: string;
  readonly pieces: readonly (readonly Piece[])[];
  readonly cursor?: { readonly x: number; readonly y: number };
};

const contentOf = (console: Console, mode: Mode, height: number, chooseHosts: ChooseHosts): Content => {
  switch (mode.kind) {
    case 'prompt':
      return promptContent(console, mode, chooseHosts);
    case 'start':
      return startContent(console, mode);
    case 'cancel':
      return cancelContent(console, mode);
    case 'adopt':
      return adoptContent(console, mode);
    case 'retry':
      return retryContent(console, mode);
    case 'extend':
      return extendContent(console, mode);
    case 'note':
      return noteContent(console, mode);
    case 'answer':
      return answerContent(console, mode, label(console));
    case 'palette':
      return paletteContent(console, mode, height);
    case 'filter':
      return typedContent('filter', 'hosts: part of a name, web*, a group, failed, !done', '/', mode.line);
    case 'search':
      return typedContent('search', 'in this log', '/', mode.line);
    default:
      return { title: '', pieces: [] };
  }
};

const label = ({ setting }: Console): Piece => labelPiece(setting.fleet.label, setting.fleet.colour);

type Chosen = { readonly pattern: string; readonly chosen: ReturnType<ChooseHosts>; readonly nodeset: string };
const lastChosen = new WeakMap<ChooseHosts, Chosen>();

/** The hosts of a pattern; it is the same in most frames, and thousands of names take a while to fold. */
const choose = (chooseHosts: ChooseHosts, pattern: string): Chosen => {
  const last = lastChosen.get(chooseHosts);
  if (last?.pattern === pattern) return last;
  const chosen = chooseHosts(pattern);
  const made = { pattern, chosen, nodeset: chosen.ok ? fold(chosen.value.hosts) : '' };
  lastChosen.set(chooseHosts, made);
  return made;
};

const promptContent = (console: Console, mode: Prompt, chooseHosts: ChooseHosts): Content => {
  const { chosen, nodeset } = choose(chooseHosts, mode.pattern.text);
  const names = chosen.ok ? chosen.value.hosts : [];
  const isPractice = console.setting.fleet.practice !== 'no';
  const says: readonly Piece[] =
    mode.error !== undefined
      ? [['warning', ` ${mode.error} `]]
      : !chosen.ok
        ? [['dim', chosen.failure.cause]]
        : [
            label(console),
            ' ',
            ['strong', counted(names.length, 'host')],
            ['dim', `  limit ${formatDuration(console.setting.limit)}`],
            `  ${nodeset}`,
          ];
  const go = isPractice
    ? 'Enter starts it'
    : names.length >= manyHosts
      ? `Enter asks for the number, ${names.length}, first`
      : 'Enter shows what it would do, Enter again starts it';
  const field = (name: string, focus: Prompt['focus'], line: Line): readonly Piece[] => [
    mode.focus === focus ? ['strong', ` ${name} `] : ['dim', ` ${name} `],
    ...window(line, console.view.columns - 11),
  ];
  return {
    title: 'new task',
    pieces: [field('hosts  ', 'pattern', mode.pattern), field('command', 'command', mode.command), [' ', ...says], [['dim', ` ${go}`]]],
    cursor: {
      x: 9 + cursorIn(mode.focus === 'pattern' ? mode.pattern : mode.command, console.view.columns - 11),
      y: mode.focus === 'pattern' ? 1 : 2,
    },
  };
};

/** The part of a line that fits; it slides so that the cursor is seen. */
const window = (line: Line, room: number): Piece[] => {
  const characters = charactersOf(line.text);
  const from = Math.max(0, line.at - room + 1);
  return [characters.slice(from, from + room).join('')];
};

const cursorIn = (line: Line, room: number): number =>
  widthOf(
    charactersOf(line.text)
      .slice(Math.max(0, line.at - room + 1), line.at)
      .join(''),
  );

const startContent = (console: Console, mode: StartDialog): Content => {
  const { hosts } = mode;
  const isMany = hosts.length >= manyHosts;
  const pace =
    mode.pace === 'first-one'
      ? `first ${hosts[0] ?? ''}, then the other ${hosts.length - 1} when it is ok`
      : hosts.length === 1
        ? 'on this one host'
        : `on all ${hosts.length} at once`;
  const ask: readonly Piece[] = isMany
    ? numberPieces(` type ${hosts.length} and Enter to start it: `, mode.number, hosts.length)
    : [' ', ['strong', 'Enter starts it']];
  return {
    title: 'start?',
    pieces: [
      [' ', label(console), ' ', ['strong', counted(hosts.length, 'host')], `  ${fold(hosts)}`],
      [' runs  ', ['strong', mode.command]],
      [` ${pace}`, ['dim', `   limit ${formatDuration(console.setting.limit)}`]],
      ask,
    ],
    ...(isMany && { cursor: { x: widthOf(` type ${hosts.length} and Enter to start it: `) + mode.number.at, y: 4 } }),
  };
};

/** A number as far as it is typed; one that can't become the wanted one any more says so. */
const numberPieces = (prompt: string, { text }: Line, wanted: number): readonly Piece[] => [
  prompt,
  ['strong', text],
  ...(String(wanted).startsWith(text) ? [] : (['  ', ['warning', ` not ${wanted}; Backspace `]] as const)),
];

const button = (text: string, on: boolean): Piece => [on ? 'bar' : 'text', ` ${text} `];

const cancelContent = (console: Console, mode: CancelDialog): Content => {
  const { columns } = console.view;
  const isMany = mode.hosts.length >= manyHosts;
  const { about, hosts } = mode;
  const counts = cancelCounts(console, about);
  const jobs = counted(counts.jobs, 'job');
  const runs = cancelRuns(console, about);
  const [run] = runs;
  const others = othersOf(cancelJobs(console, about));
  const prompt = ` type ${mode.hosts.length} to cancel, or Enter alone to keep them: `;
  const buttons = (keep: string, act: string): readonly Piece[] => [
    ' ',
    button(keep, mode.on === 'keep'),
    '  ',
    button(`c  ${act}`, mode.on === 'act'),
  ];
  if (run !== undefined && about.kind === 'rest') {
    const { out } = runCounts(console.data, run);
    const goesOn = out === 0 ? 'nothing of it runs now' : `${counted(out, 'job')} ${out === 1 ? 'goes' : 'go'} on`;
    return {
      title: 'abort?',
      pieces: [
        [' ', label(console), ' ', ['strong', `run ${run.number}`], ` ${run.plan.title}`],
        [` what has not begun is dropped, ${goesOn}`],
        [],
        buttons('Keep it', 'Drop the rest'),
      ],
    };
  }
  return {
    title: 'cancel?',
    pieces: [
      [
        ' ',
        label(console),
        ' ',
        ['strong', counts.notBegun === 0 ? jobs : `${jobs}, ${counts.notBegun} not begun`],
        ` on ${fold(hosts) || 'no host'}`,
      ],
      runs.length > 1
        ? [` ${runs.map(({ number, plan }) => `run ${number} ${plan.title}`).join(', ')}`]
        : [
            fitted(
              columns,
              ` run ${run?.number ?? '?'} `,
              run?.plan.title ?? '',
              about.kind === 'run' ? ': what has not begun is dropped' : '',
            ),
          ],
      others.length > 0
        ? [' ', ['warning', ` started by ${others.join(', ')} `], ' TERM now, KILL after the grace']
        : [' TERM now, KILL after the grace; gone when its host says so'],
      isMany
        ? numberPieces(prompt, mode.number, hosts.length)
        : buttons('Keep running', counts.notBegun === 0 ? `Cancel ${jobs}` : `Cancel ${jobs}, drop ${counts.notBegun}`),
    ],
    ...(isMany && { cursor: { x: widthOf(prompt) + mode.number.at, y: 4 } }),
  };
};

const adoptContent = (console: Console, mode: AdoptDialog): Content => ({
  title: mode.found === undefined ? 'jobs begun elsewhere?' : 'jobs begun elsewhere',
  pieces: [
    [' ', label(console), ' ', ['strong', counted(mode.hosts.length, 'host')], `  ${fold(mode.hosts)}`],
    ...adoptLines(mode, console.view.columns).map((line): readonly Piece[] => [` ${line}`]),
  ],
});

const retryContent = (console: Console, mode: RetryDialog): Content => {
  const which = retryChoice(mode);
  const hosts = retryHosts(mode, which);
  const run = console.data.state.runs.get(mode.run);
  const isMany = hosts.length >= manyHosts && console.setting.fleet.practice === 'no';
  const choice = (letter: string, name: RetryWhich, words: string): readonly Piece[] =>
    retryHosts(mode, name).length === 0 ? [] : [button(`${letter} ${words}`, which === name), ' '];
  const prompt = ` type ${hosts.length} and Enter to retry: `;
  const last: readonly Piece[] =
    which === undefined
      ? [' choose f, u or b']
      : isMany
        ? numberPieces(prompt, mode.number, hosts.length)
        : [' ', ['strong', `Enter retries ${counted(hosts.length, 'host')}`]];
  return {
    title: `retry run ${run?.number ?? ''} ${run?.plan.title ?? ''}`,
    pieces: [
      [
        ' ',
        ...choice('f', 'failed', run === undefined ? '' : howTheyEnded(console, run, mode.failed)),
        ...choice('u', 'unreachable', `${mode.unreachable.length} never reached`),
        ...(mode.failed.length * mode.unreachable.length === 0 ? [] : choice('b', 'both', `all ${retryHosts(mode, 'both').length}`)),
      ],
      [' ', label(console), ' ', ['strong', counted(hosts.length, 'host')], `  ${fold(hosts)}`],
      [
        [
          'dim',
          mode.silent.length === 0
            ? ' a retry is a new attempt; it follows the one that ended'
            : ` not ${fold(mode.silent)}: silent, may still run`,
        ],
      ],
      last,
    ],
    ...(isMany && { cursor: { x: widthOf(prompt) + mode.number.at, y: 4 } }),
  };
};

/** `2 lost, 1 timed out`. */
const howTheyEnded = ({ data }: Console, run: Run, hosts: readonly string[]): string => {
  const rows = hosts.map(host => run.hosts.get(host)).filter(row => row !== undefined);
  return [...countKinds(rows.map(row => viewInRun(data, run, row)))].map(([kind, count]) => `${count} ${looks[kind].word}`).join(', ');
};

const extendContent = (console: Console, mode: Mode & { kind: 'extend' }): Content => {
  const hosts = mode.jids.map(jid => console.data.state.jobs.get(jid)?.host ?? '').filter(name => name !== '');
  return {
    title: 'more time',
    pieces: [
      [' ', label(console), ' ', ['strong', counted(mode.jids.length, 'job')], ` on ${fold(hosts)}`],
      [' add  ', ...window(mode.line, console.view.columns - 8)],
      mode.error === undefined ? [['dim', ' 30m, 2h, 1h30m; the host ends a job at its limit']] : [['warning', ` ${mode.error} `]],
    ],
    cursor: { x: 6 + cursorIn(mode.line, console.view.columns - 8), y: 2 },
  };
};

const noteContent = (console: Console, mode: Mode & { kind: 'note' }): Content => {
  const run = console.data.state.runs.get(mode.run);
  return {
    title: 'note',
    pieces: [
      [' ', label(console), ` run ${run?.number ?? '?'} `, ['strong', run?.plan.title ?? '']],
      [' note ', ...window(mode.line, console.view.columns - 8)],
      mode.error === undefined ? [['dim', ' it stands in the history of the run, with your name']] : [['warning', ` ${mode.error} `]],
    ],
    cursor: { x: 6 + cursorIn(mode.line, console.view.columns - 8), y: 2 },
  };
};

const paletteContent = (console: Console, mode: Mode & { kind: 'palette' }, height: number): Content => {
  const entries = paletteEntries(console, mode.line.text);
  const room = height - 2;
  const top = Math.max(0, Math.min(mode.at - Math.floor(room / 2), entries.length - room));
  const lines = entries.slice(top, top + room).map((command, at): readonly Piece[] => {
    const isHere = top + at === mode.at;
    return [
      isHere ? '>' : ' ',
      [isHere ? 'strong' : 'text', pad(command.id, 17)],
      ' ',
      ['dim', pad(command.keys.map(keyName).join(' '), 12)],
      ' ',
      [isHere ? 'text' : 'dim', command.title],
    ];
  });
  return {
    title: `commands: ${entries.length}`,
    pieces: [[' : ', mode.line.text], ...lines],
    cursor: { x: 3 + cursorIn(mode.line, 1000), y: 1 },
  };
};

const typedContent = (title: string, more: string, sign: string, line: Line): Content => ({
  title: `${title}  ${more}`,
  pieces: [[` ${sign} `, line.text]],
  cursor: { x: 3 + cursorIn(line, 1000), y: 1 },
});

// The only place that draws what hosts want to be told. What is typed is drawn as dots, and only so many.

import type { Need, Question } from '../../domain/need.ts';
import { wanted, whatBecame } from '../../domain/need.ts';
import { fold } from '../../domain/nodeset.ts';
import type { AnswerDialog, Console } from '../console-state.ts';
import { promptsOf, questionsOf } from '../dialogs/answer.ts';
import { charactersOf, type Piece, pad, widthOf } from '../style.ts';
import { counted } from '../words.ts';

/** Most dots: whoever looks over a shoulder learns no length. */
const mostDots = 12;

export type AnswerContent = {
  readonly title: string;
  readonly pieces: readonly (readonly Piece[])[];
  readonly cursor: { readonly x: number; readonly y: number };
};

/** `label`: the fleet's, as on every dialog. */
export const answerContent = (console: Console, mode: AnswerDialog, label: Piece): AnswerContent => {
  const questions = questionsOf(console, mode);
  const [first] = questions;
  if (first === undefined || mode.isOver === 'yes') {
    const pieces = [
      [' somebody else has answered, or nobody waits for it any more'],
      [['dim', ' what was typed is gone; Enter goes on']],
    ] as const;
    return { title: 'no longer asked', pieces, cursor: { x: 0, y: 1 } };
  }
  const hosts = [...new Set(questions.flatMap(question => question.hosts))];
  const keys = questions.flatMap(({ need }) => (need.kind === 'host-key' ? [need] : []));
  const prompt = promptsOf(first.need)[mode.typed.length] ?? { text: '', echo: false };
  // A secret that was meant for another question is not shown because this one is harmless.
  const isShown = prompt.echo && (keys.length === 0 || ['yes', 'no'].some(word => word.startsWith(mode.line.text)));
  const shown = isShown ? mode.line.text : '•'.repeat(Math.min(mostDots, charactersOf(mode.line.text).length));
  const words = keys.length > 0 ? keys.map(keyPieces) : [aboutPieces(first)];
  return {
    title: titleOf(first.need),
    pieces: [
      [' ', label, ' ', ['strong', counted(hosts.length, 'host')], ` ${hosts.length === 1 ? 'waits' : 'wait'}  ${fold(hosts)}`],
      ...words,
      [' ', ['strong', prompt.text], ' ', shown],
      mode.error === undefined ? [['dim', ` ${whatFor(first.need)}`]] : [['warning', ` ${mode.error} `]],
    ],
    cursor: { x: 2 + widthOf(prompt.text) + (isShown ? mode.line.at : widthOf(shown)), y: 2 + words.length },
  };
};

const titleOf = (need: Need): string => (need.kind === 'host-key' ? 'unknown host keys: are they theirs?' : `${wanted(need)}?`);

type HostKey = Extract<Need, { kind: 'host-key' }>;

const keyPieces = ({ account, type, fingerprint, file }: HostKey): readonly Piece[] => [
  ' ',
  ['strong', pad(account.host, Math.max(12, widthOf(account.host)))],
  ` ${type} ${fingerprint}`,
  ['dim', `  → ${file}`],
];

/** Who turned the last one down, or else what else is to be known. */
const aboutPieces = ({ need, refused }: Question): readonly Piece[] => {
  if (refused !== undefined) {
    const after = { accepted: ', though others have taken it', 'not-accepted': '; it was sent nowhere else', untold: '' }[
      refused.elsewhere
    ];
    return [' ', ['warning', ` ${whatBecame(need, refused)} `], need.kind === 'passphrase' ? '' : after];
  }
  if (need.kind === 'codes') return [` ${[need.name, need.instruction].filter(text => text !== '').join('  ')}`];
  if (need.kind === 'passphrase') return [['dim', ' the key is encrypted; one answer is for all hosts']];
  return [['dim', ' one host tries it, and the others wait for how that goes']];
};

const whatFor = (need: Need): string => {
  if (need.kind === 'host-key') return 'compare with what their owner says; yes writes each key to its file';
  return "kept in the driver's memory only; Esc: not now, and the hosts go on waiting";
};

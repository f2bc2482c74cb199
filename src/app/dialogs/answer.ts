// The only place for what keys do where hosts want to be told something: passwords, passphrases, codes, yes to host keys.
// What is typed goes to the driver at Enter and is forgotten here; Esc puts the question away, and the hosts go on waiting.
import { type Need, type Prompt, type Question, questionName, wanted } from '../../domain/need.ts';
import type { AnswerDialog, Console, Data, Mode } from '../console-state.ts';
import type { Hands } from '../hands.ts';
import { edit, emptyLine, pasted } from '../line-editor.ts';
import { counted } from '../words.ts';

/** Most unknown keys that one yes is for: each of them is seen before. */
const mostKeys = 6;

/** Ms more than any dialog's in which one that opened by itself takes nothing: those keys were meant for what lay under it. */
const moreRest = 700;

/** What is to be answered together: all unknown host keys that fit, or one other question. */
export const askedTogether = ({ questions }: Pick<Data, 'questions'>, first: Question | undefined): readonly Question[] => {
  if (first?.need.kind !== 'host-key') return first === undefined ? [] : [first];
  return questions.filter(({ need }) => need.kind === 'host-key').slice(0, mostKeys);
};

/** The questions of an open dialog that are still open. */
export const questionsOf = ({ data }: Console, { ids }: AnswerDialog): readonly Question[] =>
  data.questions.filter(({ id }) => ids.includes(id));

/** What is asked in so many words; of codes the host's own prompts, in turn. */
export const promptsOf = (need: Need): readonly Prompt[] => {
  if (need.kind === 'codes') return need.prompts;
  return [need.kind === 'host-key' ? { text: 'yes or no:', echo: true } : { text: `${wanted(need)}:`, echo: false }];
};

/** Opens the dialog for the first question that nobody has put away, where nothing else is open; closes one that is answered. */
export const showQuestions = (hands: Hands, now: number): void => {
  const console = hands.see();
  const { modes } = console.view;
  // What has gone was answered; if it comes again, the answer was turned down.
  const names = new Set(console.data.questions.map(questionName));
  const stillPutAway = new Set([...console.view.putAway].filter(name => names.has(name)));
  hands.set({ putAway: stillPutAway });
  const top = modes.at(-1);
  if (top?.kind === 'answer' && (top.isOver === 'yes' || questionsOf(console, top).length === 0)) {
    const isTypedIn = top.typed.length > 0 || top.line.text !== '';
    if (isTypedIn) hands.swap({ ...top, typed: [], line: emptyLine, isOver: 'yes' });
    else if (top.isOver !== 'yes') hands.close();
  }
  if (hands.see().view.modes.length > 0) return;
  const first = console.data.questions.find(question => !stillPutAway.has(questionName(question)));
  if (first !== undefined) open(hands, first, now + moreRest);
};

/** Opens the dialog for what is asked, also for what was put away. */
export const openQuestion = (hands: Hands): void => {
  const [first] = hands.see().data.questions;
  if (first !== undefined) open(hands, first, hands.opened().at);
};

const open = (hands: Hands, first: Question, at: number): void => {
  const ids = askedTogether(hands.see().data, first).map(({ id }) => id);
  hands.open({ kind: 'answer', ids, typed: [], line: emptyLine, opened: { at, chunk: hands.opened().chunk } });
};

/** A key in the dialog. */
export const answerKey = (mode: AnswerDialog, key: string, hands: Hands) => {
  const { error: _, ...plain } = mode;
  if (mode.isOver === 'yes') {
    if (key !== 'enter' && key !== 'esc') return;
    hands.close();
    return showQuestions(hands, hands.opened().at);
  }
  const questions = questionsOf(hands.see(), mode);
  if (key === 'esc') return putAway(questions, hands);
  if (key === 'enter') return enter(mode, questions, hands);
  const line = edit(mode.line, key);
  if (line !== undefined) hands.swap({ ...plain, line });
};

/** A pasted password has no line ends in it, whatever was copied along. */
export const answerPaste = (mode: AnswerDialog, text: string, hands: Hands) => {
  if (mode.isOver === 'yes') return;
  const clean = text.replace(/[\r\n]+$/, '');
  if (/[\r\n]/.test(clean)) return hands.toast('a paste of several lines is not taken');
  hands.swap({ ...mode, line: pasted(mode.line, clean) } satisfies Mode);
};

const putAway = (questions: readonly Question[], hands: Hands) => {
  hands.close();
  hands.set({ putAway: new Set([...hands.see().view.putAway, ...questions.map(questionName)]) });
  hands.toast('not answered: those hosts wait; p opens it again');
};

const enter = (mode: AnswerDialog, questions: readonly Question[], hands: Hands) => {
  const need = questions[0]?.need;
  if (need === undefined) return hands.close();
  const { text } = mode.line;
  const ids = questions.map(({ id }) => id);
  if (need.kind === 'host-key') {
    if (text !== 'yes' && text !== 'no') return hands.swap({ ...mode, error: 'type yes or no, in full' });
    hands.close();
    const keys = counted(ids.length, 'host key');
    return text === 'yes'
      ? hands.ask<'answer'>({ verb: 'answer', questions: ids, values: ['yes'] }, () => `${keys} taken for the host's own`)
      : hands.ask<'answer'>({ verb: 'answer', questions: ids, refuse: true }, () => `${keys} refused: nothing starts there`);
  }
  if (text === '' && need.kind !== 'codes') return hands.swap({ ...mode, error: 'nothing was typed; Esc puts the question away' });
  const values = [...mode.typed, text];
  if (values.length < promptsOf(need).length) return hands.swap({ ...mode, typed: values, line: emptyLine });
  hands.close();
  hands.ask<'answer'>({ verb: 'answer', questions: ids, values }, ({ touched }) =>
    touched === 0 ? 'somebody else has answered meanwhile' : 'given; one host tries it first',
  );
};

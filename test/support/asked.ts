// The only place for a console's end of the wire that has no screen: tests see what is asked through it, and answer.
import { type Need, type Question, questionName } from '../../src/domain/need.ts';
import { connectDriver } from '../../src/driver/link.ts';
import { type Link, protocolVersion } from '../../src/driver/protocol.ts';
import { waitFor } from './wait-for.ts';

export type Asked = {
  readonly link: Link;
  /** The open question of a kind, as soon as there is one. */
  question(kind: Need['kind']): Promise<Question>;
  /** Answers whatever is asked from now on, each question once; one whose answer was turned down is another one. */
  answerAll(values: (question: Question) => readonly string[]): void;
};

/** Opens it at the living driver of a state folder. */
export const openConsole = async (stateDir: string): Promise<Asked> => {
  const actor = { user: 'test', machine: 'test' };
  const reached = await connectDriver({
    stateDir,
    hello: { hello: protocolVersion, actor, client: 'console', wants: 'state', asks: 'yes' },
  });
  if (!reached.ok) throw new Error(reached.failure.cause);
  const link = reached.value;
  let open: readonly Question[] = [];
  let answer: ((questions: readonly Question[]) => void) | undefined;
  link.onPush(push => {
    if (push.kind !== 'questions') return;
    open = push.questions;
    answer?.(open);
  });
  return {
    link,
    question: kind => waitFor(`the question for a ${kind}`, () => open.find(({ need }) => need.kind === kind)),
    answerAll: values => {
      const answered = new Set<string>();
      answer = questions => {
        for (const question of questions) {
          const name = questionName(question);
          if (answered.has(name)) continue;
          answered.add(name);
          void link.ask({ verb: 'answer', questions: [question.id], values: values(question) });
        }
      };
      answer(open);
    },
  };
};

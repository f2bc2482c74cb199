// The only place that asks what hosts want to be told in a terminal without a screen: in `run`, `play`, `adopt` and `attach`.
import { type Prompt, type Question, questionName, wanted, whatBecame } from '../domain/need.ts';
import { fold } from '../domain/nodeset.ts';
import type { Result } from '../domain/result.ts';
import type { Link } from '../driver/protocol.ts';
import { askHidden } from './ask-hidden.ts';
import type { World } from './world.ts';

/** Whoever sits at the terminal. */
export type Answerer = {
  /** What is open now, all of it: it is asked for, one question after the other; one that is open no more is taken back. */
  show(questions: readonly Question[]): void;
  /** Nothing is asked any more. */
  end(): void;
};

/** Whether what hosts want to be told is asked for here: a program that reads, and whoever wants plain lines, is asked nothing. */
export const asksHere = (
  { canAsk }: Pick<World, 'canAsk'>,
  { plain, json, yes }: { readonly plain?: boolean; readonly json?: boolean; readonly yes?: boolean },
): 'yes' | undefined => (canAsk && plain !== true && json !== true && yes !== true ? 'yes' : undefined);

/** Puts what is asked to whoever sits there, and hands the answers to a driver. */
export const makeAnswerer = (world: World, link: Pick<Link, 'ask'>): Answerer => {
  let open: readonly Question[] = [];
  let now: { readonly name: string; readonly over: AbortController } | undefined;
  let isEnded = false;
  /** Asked already; one that was turned down since is another one. */
  const asked = new Set<string>();

  const goOn = async (): Promise<void> => {
    if (now !== undefined) return;
    for (;;) {
      const next = isEnded ? undefined : open.find(question => !asked.has(questionName(question)));
      if (next === undefined) break;
      const over = new AbortController();
      now = { name: questionName(next), over };
      asked.add(now.name);
      const values = await putTo(world, next, over.signal);
      // Raw keys raise no signal; whoever presses Ctrl-C means all of this, and not one question.
      if (values === 'stop') process.kill(process.pid, 'SIGINT');
      else if (values === 'gone') world.say(isEnded ? 'nothing is asked any more' : 'somebody else has answered meanwhile');
      else if (values === 'left') world.say('not answered: those hosts wait; rollcall attach asks again');
      else await link.ask({ verb: 'answer', questions: [next.id], ...(values === 'no' ? { refuse: true } : { values }) });
    }
    now = undefined;
  };

  return {
    show: questions => {
      open = questions;
      // What has gone was answered; if it comes again, the answer was turned down.
      const names = new Set(questions.map(questionName));
      for (const name of asked) if (!names.has(name)) asked.delete(name);
      if (now !== undefined && !names.has(now.name)) now.over.abort();
      void goOn();
    },
    end: () => {
      isEnded = true;
      now?.over.abort();
    },
  };
};

/** What came of one question: values, a no, that it was left (`stop`: with all the rest), or that it was over before. */
export type Put = readonly string[] | 'no' | 'left' | 'stop' | 'gone';

/** Asks one question in the terminal. */
export const putTo = async (world: World, { need, hosts, refused }: Question, signal: AbortSignal): Promise<Put> => {
  const type = ({ text, echo }: Prompt): Promise<Result<string>> =>
    askHidden(`${text} `, { instead: 'attach from a terminal', echo, signal });
  const left = (typed: Result<string>): Put => {
    if (signal.aborted) return 'gone';
    return !typed.ok && typed.failure.facts?.['key'] === 'Ctrl-C' ? 'stop' : 'left';
  };
  const waiting = `${hosts.length === 1 ? '1 host waits' : `${hosts.length} hosts wait`}: ${fold(hosts)}`;
  if (refused !== undefined) world.say(whatBecame(need, refused));
  if (need.kind === 'host-key') {
    world.say(`${need.account.host} shows an unknown host key: ${need.type} ${need.fingerprint}; with yes it is written to ${need.file}`);
    for (;;) {
      const word = await type({ text: 'is it theirs? yes or no:', echo: true });
      if (!word.ok || word.value === '') return left(word);
      if (word.value === 'yes' || word.value === 'no') return word.value === 'yes' ? ['yes'] : 'no';
      world.say('type yes or no, in full');
    }
  }
  world.say(waiting);
  const values: string[] = [];
  for (const prompt of need.kind === 'codes' ? need.prompts : [{ text: `${wanted(need)}:`, echo: false }]) {
    const typed = await type(prompt);
    if (!typed.ok || (typed.value === '' && need.kind !== 'codes')) return left(typed);
    values.push(typed.value);
  }
  return values;
};

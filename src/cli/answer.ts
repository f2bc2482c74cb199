// The only place that asks what hosts want to be told in a terminal without a screen: `rollcall attach`.
import { type Question, wanted, whatBecame } from '../domain/need.ts';
import { fold } from '../domain/nodeset.ts';
import type { Link } from '../driver/protocol.ts';
import { askHidden } from './ask-hidden.ts';
import type { World } from './world.ts';

/** Takes what is asked, puts it to whoever sits there, one question after the other, and hands the answers on. */
export const makeAnswerer = (world: World, link: Link): ((questions: readonly Question[]) => void) => {
  let open: readonly Question[] = [];
  let isAsking = false;
  /** Asked already; one that was turned down since is another one. */
  const asked = new Set<string>();
  const nameOf = ({ id, refused }: Question): string => `${id} ${refused?.host ?? ''}`;

  const askOne = async (question: Question): Promise<void> => {
    const { id, need, hosts, refused } = question;
    const instead = 'attach from a terminal';
    const who = `${hosts.length === 1 ? '1 host waits' : `${hosts.length} hosts wait`}: ${fold(hosts)}`;
    if (refused !== undefined) world.say(whatBecame(need, refused));
    if (need.kind === 'host-key') {
      world.say(`${need.account.host} shows an unknown host key: ${need.type} ${need.fingerprint}; with yes it is written to ${need.file}`);
      const word = await askHidden('is it theirs? yes or no: ', instead, true);
      if (!word.ok) return world.say('not answered: the host waits');
      await link.ask(
        word.value === 'yes' ? { verb: 'answer', questions: [id], values: ['yes'] } : { verb: 'answer', questions: [id], refuse: true },
      );
      return undefined;
    }
    world.say(who);
    const prompts = need.kind === 'codes' ? need.prompts : [{ text: `${wanted(need)}:`, echo: false }];
    const values: string[] = [];
    for (const { text, echo } of prompts) {
      const typed = await askHidden(`${text} `, instead, echo);
      if (!typed.ok || (typed.value === '' && need.kind !== 'codes'))
        return world.say('not answered: those hosts wait; attach again to answer');
      values.push(typed.value);
    }
    await link.ask({ verb: 'answer', questions: [id], values });
    return undefined;
  };

  const goOn = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    for (;;) {
      const next = open.find(question => !asked.has(nameOf(question)));
      if (next === undefined) break;
      asked.add(nameOf(next));
      await askOne(next);
    }
    isAsking = false;
  };

  return questions => {
    open = questions;
    // What has gone was answered; if it comes again, the answer was turned down.
    const names = new Set(questions.map(nameOf));
    for (const name of asked) if (!names.has(name)) asked.delete(name);
    void goOn();
  };
};

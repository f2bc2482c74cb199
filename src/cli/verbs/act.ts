// The only place for the verbs that act on runs and jobs: cancel, extend, retry, pause, resume, abort, note.
import { parseDuration } from '../../domain/duration.ts';
import type { Failure } from '../../domain/failure.ts';
import { type Jid, parseAnsibleJid, parseJid } from '../../domain/job.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import type { Run, State } from '../../domain/run-state.ts';
import type { Ask, Link, Selection, Touched } from '../../driver/protocol.ts';
import { runNamed } from '../../driver/selection.ts';
import type { RunFlags } from '../flags.ts';
import { reach } from '../reach.ts';
import { stateDirOf, type World } from '../world.ts';
import { askPatiently, type ConfirmedAsk, untilConfirmed } from './confirmed.ts';
import { firstState } from './look.ts';

export type ActVerb = 'cancel' | 'extend' | 'retry' | 'pause' | 'resume' | 'abort' | 'note';

/** Those that are done once the driver has written them down. */
type PlainVerb = Exclude<ActVerb, ConfirmedAsk['verb']>;

/** What a verb did, for its one line. */
const doneWords: Readonly<Record<PlainVerb, (n: number) => string>> = {
  retry: n => `${count(n, 'host')} again`,
  pause: n => `${count(n, 'run')} paused: what runs goes on, nothing new starts`,
  resume: n => `${count(n, 'run')} resumed`,
  abort: n => `${count(n, 'run')} aborted: what runs goes on, nothing new starts`,
  note: n => `noted on ${count(n, 'run')}`,
};

/** `rollcall cancel RUN|last|JID… [-l HOSTS]` and its like. `rest` is what follows the first word. */
export const actVerb = async (
  world: World,
  verb: ActVerb,
  named: readonly string[],
  flags: Pick<RunFlags, 'state' | 'limit' | 'yes'>,
): Promise<Result<number>> => {
  const link = await reach(world, stateDirOf(world, flags.state), 'command');
  if (!link.ok) return link;
  try {
    const state = await firstState(link.value);
    const asks = asksOf(state, verb, named, flags.limit);
    if (!asks.ok) return asks;
    const confirmed = asks.value.map(ask => (ask.verb === 'cancel' && flags.yes === true ? { ...ask, confirmed: 'yes' as const } : ask));
    if (verb === 'cancel' || verb === 'extend') return await untilConfirmed(world, link.value, state, confirmed as readonly ConfirmedAsk[]);
    return await tell(world, link.value, verb, confirmed);
  } finally {
    link.value.close();
  }
};

const tell = async (world: World, link: Link, verb: PlainVerb, asks: readonly Ask[]): Promise<Result<number>> => {
  let touched = 0;
  for (const ask of asks) {
    const answer = await askPatiently(world, link, ask);
    if (!answer.ok) return answer;
    touched += (answer.value as Touched).touched;
  }
  world.write(`${touched === 0 ? nothingWords[verb] : doneWords[verb](touched)}\n`);
  return ok(0);
};

const nothingWords: Readonly<Record<PlainVerb, string>> = {
  retry: 'no host of it is out',
  pause: 'nothing of it could be paused',
  resume: 'it is not paused',
  abort: 'it has ended already',
  note: 'nothing was noted',
};

const asksOf = (state: State, verb: ActVerb, named: readonly string[], limit: string | undefined): Result<readonly Ask[]> => {
  const words = [...named];
  const last = verb === 'extend' || verb === 'note' ? words.pop() : undefined;
  if (words.length === 0)
    return fail(
      bad(`${verb} what? Name a run by its number, or \`last\`${verb === 'extend' ? ', then the time: rollcall extend 12 30m' : ''}`),
    );
  const hosts = limit === undefined ? undefined : limit.split(/[,:]/);
  const asks: Ask[] = [];
  const jids: Jid[] = [];
  for (const word of words) {
    const found = jidsNamed(state, word);
    if (found !== undefined) {
      jids.push(...found);
      continue;
    }
    const run = runNamed(state, word);
    if (run === undefined) return fail(bad(`there is no run or job ${word} here; rollcall history and rollcall jobs list them`));
    const unknown = hosts?.find(host => !run.hosts.has(host));
    if (unknown !== undefined) return fail(bad(`run ${run.number} has no host ${unknown}`));
    const ask = askOf(verb, selectionOf(run, hosts), last);
    if (!ask.ok) return ask;
    asks.push(ask.value);
  }
  if (jids.length > 0) {
    const ask = askOf(verb, { jids }, last);
    if (!ask.ok) return ask;
    asks.push(ask.value);
  }
  return ok(asks);
};

const selectionOf = (run: Run, hosts: readonly string[] | undefined): Selection => ({
  run: run.id,
  ...(hosts !== undefined && { hosts }),
});

/** A whole jid, or the eight characters that screens show. */
const jidsNamed = (state: State, word: string): readonly Jid[] | undefined => {
  if (!/^j\d{7}/.test(word)) return undefined;
  const whole = parseJid(word) ?? parseAnsibleJid(word);
  if (whole !== undefined) return [whole];
  const found = [...state.jobs.keys()].filter(jid => jid.startsWith(word));
  return found.length > 0 ? found : undefined;
};

const askOf = (verb: ActVerb, on: Selection, last: string | undefined): Result<Ask> => {
  switch (verb) {
    case 'retry':
      return ok({ verb, on, which: 'both' });
    case 'extend': {
      const by = parseDuration(last ?? '');
      return by.ok ? ok({ verb, on, by: by.value }) : fail(bad(`extend by how long? ${by.failure.cause}`));
    }
    case 'note':
      return ok({ verb, on, text: last ?? '' });
    default:
      return ok({ verb, on });
  }
};

const bad = (cause: string): Failure => ({ tag: 'bad-input', cause });

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

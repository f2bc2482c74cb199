// The only place for `rollcall adopt [PATTERN]`: what hosts know that this journal doesn't, in lines; then it follows that.
import { whereWords } from '../../app/adopt-words.ts';
import { formatDuration } from '../../domain/duration.ts';
import { actorName, originName } from '../../domain/event.ts';
import { describeFailure, type Failure, failureSentence, mayRetryStart, needsPerson } from '../../domain/failure.ts';
import { type Job, shortJid } from '../../domain/job.ts';
import { fold } from '../../domain/nodeset.ts';
import { noHostsMatched, selectHosts } from '../../domain/pattern.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import type { State } from '../../domain/run-state.ts';
import { safeJson, safeText } from '../../domain/safe-line.ts';
import type { Adoption } from '../../driver/protocol.ts';
import type { Output } from '../../outputs/output.ts';
import { asksHere, makeAnswerer } from '../answer.ts';
import type { RunFlags } from '../flags.ts';
import { follow, stopCodes } from '../follow.ts';
import { givenToLogIn } from '../given.ts';
import { placeOf } from '../place.ts';
import { reach } from '../reach.ts';
import type { World } from '../world.ts';
import { firstState } from './look.ts';
import { entrust, outputOf } from './run.ts';

type AdoptFlags = RunFlags & { readonly look?: boolean };

/** Some of what was adopted runs: what `--look` ends with. */
const stillRunning = 75;

/** Makes jobs of the hosts ours to see, and waits for those that run. */
export const adoptVerb = async (world: World, pattern: string, flags: AdoptFlags): Promise<Result<number>> => {
  const { become, ...reachable } = flags;
  const place = await placeOf(world, reachable);
  if (!place.ok) return place;
  const { fleet, inventory, stateDir, forks } = place.value;
  const chosen = selectHosts(inventory, pattern, flags.limit);
  if (!chosen.ok) return chosen;
  for (const warning of [...place.value.warnings, ...chosen.value.warnings]) world.say(warning);
  const { hosts } = chosen.value;
  if (hosts.length === 0) return fail(noHostsMatched(inventory, pattern, flags.limit));
  const wish = { ...(forks !== undefined && { forks }) };
  const given = await givenToLogIn(world, fleet.source, place.value.passwords, flags);
  if (!given.ok) return given;
  const asks = asksHere(world, flags);
  const link = await reach(world, stateDir, 'command', wish, asks);
  if (!link.ok) return link;
  const entrusted = await entrust(link.value, [...place.value.given, ...given.value]);
  if (!entrusted.ok) return entrusted;
  const answerer = asks === undefined ? undefined : makeAnswerer(world, link.value);
  link.value.onPush(push => void (push.kind === 'questions' && answerer?.show(push.questions)));
  const adopted = await link.value.ask({ verb: 'adopt', fleet, hosts, become: become === true ? 'yes' : 'no' });
  answerer?.end();
  link.value.close();
  if (!adopted.ok) return adopted;
  const again = await reach(world, stateDir, 'command');
  if (!again.ok) return again;
  const state = await firstState(again.value);
  again.value.close();
  tell(world, adopted.value, state, flags);
  const codes = [codeOf(adopted.value)];
  const runs = [...new Set(adopted.value.jobs.map(({ run }) => run))];
  for (const run of runs) {
    const code = await outcomeOf(world, stateDir, run, adopted.value, flags);
    if (!code.ok) return code;
    codes.push(code.value);
    if (Object.values(stopCodes).some(stop => stop === code.value)) return code;
  }
  return ok(codes.includes(stillRunning) ? stillRunning : codes.includes(4) ? 4 : Math.max(...codes));
};

const outcomeOf = async (world: World, stateDir: string, run: string, { jobs }: Adoption, flags: AdoptFlags): Promise<Result<number>> => {
  if (flags.look === true && jobs.some(job => job.run === run && job.is === 'running')) return ok(stillRunning);
  const link = await reach(world, stateDir, 'command');
  if (!link.ok) return link;
  // What had ended before is only told in its line: hosts keep months of it, and `history` shows any of it whole.
  const isOver = !jobs.some(job => job.run === run && job.is === 'running');
  const { code } = await follow({
    world,
    link: link.value,
    run,
    stateFlag: flags.state,
    makeOutput: isOver ? () => silent : outputOf(flags),
    onStop: 'leave',
    until: 'run ended',
  });
  link.value.close();
  return ok(code);
};

const silent: Output = { news: () => undefined, heartbeat: () => undefined, ended: async () => undefined };

/** Hosts that could not be asked, or not as asked, are no success; where nothing but a person is missing, that is told. */
const codeOf = ({ unasked, refused }: Adoption): number => {
  if (unasked.length + refused.length === 0) return 0;
  return refused.length === 0 && unasked.every(({ failure }) => needsPerson(failure)) ? 6 : 4;
};

const tell = (world: World, adoption: Adoption, state: State, flags: AdoptFlags): void => {
  const wall = world.clock.wall();
  for (const { jid, is } of adoption.jobs) {
    const job = state.jobs.get(jid);
    if (job === undefined) continue;
    world.write(flags.json === true ? `${safeJson(jobObject(job, state, wall))}\n` : `${jobLine(job, is, state, wall)}\n`);
  }
  const say = flags.json === true ? world.say : (sentence: string) => world.write(`${sentence}\n`);
  for (const sentence of whereWords(adoption, flags.become === true ? 'yes' : 'no')) say(sentence);
  for (const { failure } of adoption.unasked) world.say(notAsked(failure));
  for (const [why, hosts] of byWhy(adoption.refused)) {
    world.say(`${fold(hosts)}: other accounts could not be looked into, since sudo without a password is refused there: ${why}`);
  }
};

/** What is asked again by itself elsewhere is not asked again here. */
const notAsked = (failure: Failure): string => {
  const { what, why } = describeFailure(failure);
  return mayRetryStart(failure) ? `${what}: ${why}; it was asked twice: adopt again later` : failureSentence(failure);
};

const byWhy = (refused: Adoption['refused']): ReadonlyMap<string, string[]> => {
  const whys = new Map<string, string[]>();
  for (const { host, why } of refused) whys.set(safeText(why, 200), [...(whys.get(safeText(why, 200)) ?? []), host]);
  return whys;
};

const jobLine = (job: Job, is: 'running' | 'over', state: State, wall: number): string => {
  const run = state.runs.get(job.runId);
  const { adopted } = job;
  const by =
    adopted === undefined || adopted.operator === '' ? '' : ` by ${actorName({ user: adopted.operator, machine: adopted.machine })}`;
  const account = adopted?.at.account === undefined ? '' : ` as ${safeText(adopted.at.account.name, 64)}`;
  const command = state.orders.get(job.jid)?.command ?? '';
  const parts = [
    run?.plan.title ?? '',
    ...(command !== '' && command !== run?.plan.title ? [command] : []),
    ...(adopted !== undefined && adopted.batch !== '' && adopted.batch !== '1/1' ? [`batch ${adopted.batch.replace('/', ' of ')}`] : []),
    ...(adopted?.become === undefined ? [] : [`run as ${adopted.become}`]),
    stateWords(job, is, wall),
  ];
  const origin = run?.origin === undefined ? '' : ` (${originName(run.origin)})`;
  return `${job.host}  ${shortJid(job.jid)}  run ${run?.number ?? '?'}${origin}${by}${account}  ${parts.map(part => safeText(part, 200)).join('  ')}`;
};

const stateWords = ({ state }: Job, is: 'running' | 'over', wall: number): string => {
  if (state.kind === 'ended') return `ended: ${state.verdict.kind}`;
  if (is === 'over') return 'has ended';
  if (state.kind === 'starting' || state.on === undefined) return state.kind;
  const age = formatDuration(Math.max(0, Math.round((wall - state.on.startedAt) / 1000)));
  const limit = state.on.limit > 0 ? ` of ${formatDuration(state.on.limit)}` : '';
  return `began ${age} ago${limit}`;
};

const jobObject = (job: Job, state: State, wall: number): unknown => {
  const run = state.runs.get(job.runId);
  const { adopted } = job;
  return {
    jid: job.jid,
    host: job.host,
    run: run?.number,
    run_id: job.runId,
    ...(run?.origin !== undefined && { origin: originName(run.origin) }),
    title: run?.plan.title,
    command: state.orders.get(job.jid)?.command,
    task: job.taskPath,
    ...(adopted !== undefined && {
      from: adopted.at.kind,
      operator: adopted.operator,
      machine: adopted.machine,
      owner: adopted.owner,
      batch: adopted.batch,
      ...(adopted.become !== undefined && { become: adopted.become }),
      ...(adopted.at.account !== undefined && { account: adopted.at.account.name }),
    }),
    ...(job.state.kind !== 'starting' &&
      job.state.on !== undefined && {
        started_at: job.state.on.startedAt,
        limit: job.state.on.limit,
        age: Math.round((wall - job.state.on.startedAt) / 1000),
      }),
  };
};

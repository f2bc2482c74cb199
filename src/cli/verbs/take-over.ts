// The only place for `rollcall attach --from MIRROR`: a journal of the mirror, in this state folder, for a driver of the same line.
// What this machine lacks to go on (keys, known hosts, what was never journalled) is said before anything is taken over.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatAge } from '../../domain/duration.ts';
import type { Event } from '../../domain/event.ts';
import type { Failure } from '../../domain/failure.ts';
import { isOutstanding } from '../../domain/job.ts';
import { fold } from '../../domain/nodeset.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import type { Run, State } from '../../domain/run-state.ts';
import { safeText } from '../../domain/safe-line.ts';
import { readMirrorBytes } from '../../journal/mirror-session.ts';
import { type Restored, restoreFrom } from '../../journal/restore.ts';
import type { Address } from '../../remote/ports.ts';
import type { RunFlags } from '../flags.ts';
import { mirrorPlaceOf, readMirrorWish } from '../mirror.ts';
import { stateDirOf, type World } from '../world.ts';

export type TakeOverFlags = Pick<RunFlags, 'state' | 'user' | 'privateKey' | 'mirror'> & { readonly from?: string };

/** Makes the state folder what the mirror says; whoever attaches then starts its driver. @failure bad-input, state-folder, disk-full-here */
export const takeOver = async (world: World, flags: TakeOverFlags): Promise<Result<void>> => {
  const stateDir = stateDirOf(world, flags.state);
  const wish = readMirrorWish(world, stateDir, flags.mirror);
  if (!wish.ok) return wish;
  const login = loginOf(world, flags);
  if (!login.ok) return login;
  const isOtherwise = Object.keys(login.value).length > 0;
  if (flags.from === undefined)
    return isOtherwise ? fail(bad('-u and --private-key go with --from, for whoever takes over')) : ok(undefined);
  const place = mirrorPlaceOf(world, flags.from);
  if (!place.ok) return place;
  const name = place.value.text;
  const read = await restoreFrom({
    stateDir,
    name,
    chunks: readMirrorBytes({ place: place.value, env: world.env }),
    wall: world.clock.wall,
  });
  if (!read.ok) return read;
  const restored = read.value;
  const open = openRuns(restored.state);
  const lacking = open.map(run => lackOf(world, restored.state, run, login.value)).find(lack => lack !== undefined);
  if (lacking !== undefined) {
    restored.discard();
    return fail(bad(lacking));
  }
  const at = world.clock.wall();
  const events = isOtherwise
    ? open.map(({ id }): Event => ({ type: 'run.login-changed', at, by: world.actor, run: id, login: login.value }))
    : [];
  if (restored.kind === 'here already' && events.length === 0) {
    restored.discard();
    world.say(`this state folder knows already what the mirror ${name} tells`);
    return ok(undefined);
  }
  const committed = restored.commit(events);
  if (!committed.ok) return committed;
  tell(world, flags, name, restored, open);
  return ok(undefined);
};

const loginOf = ({ cwd, home }: World, { user, privateKey }: TakeOverFlags): Result<Partial<Address>> => {
  const key =
    privateKey === undefined ? undefined : privateKey.startsWith('~/') ? join(home, privateKey.slice(2)) : resolve(cwd, privateKey);
  if (key !== undefined && !existsSync(key)) return fail(bad(`the key ${key} of --private-key does not exist`));
  return ok({ ...(user !== undefined && { user }), ...(key !== undefined && { identityFiles: [key] }) });
};

/** Runs that go on, or of which a job may still run. */
const openRuns = ({ runs, jobs }: State): readonly Run[] => {
  const out = new Set([...jobs.values()].filter(isOutstanding).map(({ runId }) => runId));
  return [...runs.values()].filter(({ id, phase }) => phase.kind !== 'ended' || out.has(id));
};

/** Why the hosts of a run could not be logged in to from here: a start would fail for good, and count as unreachable. */
const lackOf = ({ env }: World, { fleets }: State, run: Run, login: Partial<Address>): string | undefined => {
  const hasAgent = ({ agentSocket = env['SSH_AUTH_SOCK'] ?? '' }: Address): boolean => agentSocket !== '' && existsSync(agentSocket);
  const addresses = (fleets.get(run.fleet)?.hosts ?? [])
    .filter(({ name }) => run.hosts.has(name))
    .map(({ address }) => ({ ...(address as Address), ...login }));
  const without = (paths: readonly string[]): boolean => paths.length > 0 && !paths.some(path => existsSync(path));
  const keyless = addresses.filter(address => without(address.identityFiles) && !hasAgent(address));
  if (keyless.length > 0) {
    const { identityFiles } = keyless[0] as Address;
    return `run ${run.number} logs in to ${fold(keyless.map(({ name }) => name))} with ${identityFiles[0]}, which does not exist on this machine: give your own with --private-key FILE (and -u NAME), or run ssh-agent`;
  }
  const unknown = addresses.filter(
    ({ knownHostsFiles, strictHostKeyChecking: strict }) => (strict === 'yes' || strict === 'ask') && without(knownHostsFiles),
  );
  if (unknown.length === 0) return undefined;
  const { knownHostsFiles } = unknown[0] as Address;
  return `run ${run.number} knows the keys of ${fold(unknown.map(({ name }) => name))} by ${knownHostsFiles[0]}, which does not exist on this machine: copy it here first`;
};

const tell = (world: World, { mirror }: TakeOverFlags, name: string, restored: Restored, open: readonly Run[]): void => {
  const wall = world.clock.wall();
  const cut = restored.isCut ? '; its last line was cut off and is left out' : '';
  const what = restored.kind === 'ready' ? `taken over from the mirror ${name}` : 'this state folder knew already what the mirror tells';
  world.say(
    `${what}: ${restored.events} events, the last of ${formatAge(Math.max(0, wall - restored.lastAt) / 1000)} ago${cut}; jobs that were started after it are found on their hosts, none runs twice`,
  );
  for (const run of open) {
    const jobs = [...restored.state.jobs.values()].filter(job => job.runId === run.id && isOutstanding(job)).length;
    world.say(
      `run ${run.number} goes on from here, ${jobs} ${jobs === 1 ? 'job' : 'jobs'} of it out: ${safeText(run.plan.title)}${hasNoLog(run) ? '; what of it is no-log and had not begun cannot be started here: the journal never held it' : ''}`,
    );
  }
  if (mirror === undefined) world.say('no mirror is kept from here; --mirror DIR|HOST:PATH begins one');
};

const hasNoLog = ({ plan, options }: Run): boolean =>
  options.log === 'no' || plan.plays.some(({ tasks }) => tasks.some(({ noLog }) => noLog));

const bad = (cause: string): Failure => ({ tag: 'bad-input', cause });

// The only place where the engine's wish (start, look, cancel …) becomes a command over some wire: `Jobs` over `Transport`.
// It knows frames and replies; it knows neither ssh nor what happens on the host. It never retries what may have run:
// only the answer "I have no runner", after which nothing has, makes it ask again with the runner along.
import type { Failure } from '../domain/failure.ts';
import type { Jid, Whereabouts } from '../domain/job.ts';
import { accountOf, noSecrets, type Secrets } from '../domain/need.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Hops, HostRef, JobReport, Line, LookRequest } from '../engine/ports.ts';
import { type Ask, type Begin, makeStarter } from './become.ts';
import type { Identity, Request } from './frames.ts';
import { encodeRequest, encodeWithRunner, passwordMark } from './frames.ts';
import type { Address, Connection, Question, Transport } from './ports.ts';
import type { Reply } from './replies.ts';
import { decodeReply } from './replies.ts';
import type { Runner } from './runner-text.ts';
import { runner as ours } from './runner-text.ts';
import { surveyText } from './survey.ts';
import { makeSurveyor, type Surveyor } from './surveyor.ts';

/** What a `Jobs` over a wire is made of. */
export type JobsParts = {
  readonly transport: Transport;
  /** Who starts: goes with each start, so that hosts can refuse a driver that was replaced. */
  readonly identity: Identity;
  /** A fresh hexadecimal word for each request; replies carry it. */
  readonly nonce: () => string;
  readonly addressOf: (host: HostRef) => Address;
  /** Another text than ours, for tests. */
  readonly runner?: Runner;
  readonly survey?: Runner;
  /** Where passwords for becoming another come from; absent: nobody can be asked. */
  readonly secrets?: Secrets;
};

/** A line that also tells all jobs of a host. */
export type RemoteLine = Line & {
  /** Every job that the host knows, without output. */
  list(): Promise<Result<readonly JobReport[]>>;
};

/** {@link Jobs} whose lines can list. */
export type RemoteJobs = {
  /** @failure any tag of the stages connect, handshake and login */
  connect(host: HostRef): Promise<Result<RemoteLine>>;
  readonly hops?: Hops;
};

/** Hosts that run jobs, over a transport. */
export const makeJobs = (parts: JobsParts): RemoteJobs => {
  /** Names of hosts that needed the runner again although it had been sent: their home cannot keep it. */
  const sent = new Set<string>();
  const homeless = new Set<string>();
  const { hops } = parts.transport;
  const starter = makeStarter(parts.identity, parts.secrets ?? noSecrets);
  return {
    ...(hops !== undefined && { hops: { ...hops, of: remembered(host => hops.of(parts.addressOf(host))) } }),
    connect: async host => {
      const address = parts.addressOf(host);
      const connection = await parts.transport.connect(address);
      if (!connection.ok) return connection;
      const ask = asker(parts, connection.value, host.name, { sent, homeless });
      const { nonce, runner = ours, survey = surveyText } = parts;
      const surveyor = makeSurveyor({ connection: connection.value, nonce, runner, survey, ask });
      return ok(lineOver(connection.value, starter({ ask, account: accountOf(address) }), ask, surveyor));
    },
  };
};

/** Asked for at every turn of a host, and the same as long as its address is. */
const remembered = <T>(make: (host: HostRef) => T): ((host: HostRef) => T) => {
  const known = new WeakMap<HostRef, T>();
  return host => {
    const made = known.get(host) ?? make(host);
    known.set(host, made);
    return made;
  };
};

type Memory = { readonly sent: Set<string>; readonly homeless: Set<string> };

const asker = (parts: JobsParts, connection: Connection, host: string, memory: Memory): Ask => {
  const runner = parts.runner ?? ours;
  const once = async (request: Request, encode: typeof encodeRequest, given?: Question['answer']): Promise<Result<Reply>> => {
    const nonce = parts.nonce();
    const { command, stdin } = encode(request, nonce, runner);
    const reply = await connection.exec(command, stdin, given && { mark: passwordMark(nonce), answer: given });
    const answer = reply.ok ? decodeReply(request, nonce, reply.value) : reply;
    return answer.ok ? answer : fail({ host, ...answer.failure });
  };
  return async (request, given) => {
    if (!memory.homeless.has(host)) {
      const answer = await once(request, encodeRequest, given);
      if (!answer.ok || answer.value.kind !== 'need') return answer;
      if (memory.sent.has(host)) memory.homeless.add(host);
    }
    const answer = await once(request, encodeWithRunner, given);
    if (answer.ok) memory.sent.add(host);
    return answer;
  };
};

const lineOver = (connection: Connection, begin: Begin, ask: Ask, surveyor: Surveyor): RemoteLine => ({
  start: async start => {
    const script = scriptText(start.script);
    if (!script.ok) return script;
    return only(await begin({ ...start, script: script.value }), 'start', value => value.answer);
  },
  look: async jobs =>
    lookByPlace(jobs, surveyor, async own => only(await ask({ kind: 'look', jobs: own }), 'reports', value => value.reports)),
  list: async () => only(await ask({ kind: 'list' }), 'reports', value => value.reports),
  cancel: async (jid, grace, at) => {
    if (at !== undefined && !isOwn(at)) return surveyor.cancel(jid, grace, at);
    const reply = await ask({ kind: 'cancel', jid, grace });
    return only(reply, 'reports', value => value.reports[0]?.state ?? { kind: 'unknown' });
  },
  extend: async (jid, limit) => only(await ask({ kind: 'extend', jid, limit }), 'extended', value => value.limit),
  survey: accounts => surveyor.survey(accounts),
  clean: async (jids: readonly Jid[]) => only(await ask({ kind: 'clean', jids }), 'cleaned', value => value.jids),
  close: () => connection.close(),
  closed: connection.closed,
});

/** Our own account's ~/.rollcall. */
const isOwn = ({ kind, account }: Whereabouts): boolean => kind === 'rollcall' && account === undefined;

/** One question per place; where only some of them answer, those count. */
const lookByPlace = async (
  jobs: readonly LookRequest[],
  surveyor: Surveyor,
  lookHere: (own: readonly LookRequest[]) => Promise<Result<readonly JobReport[]>>,
): Promise<Result<readonly JobReport[]>> => {
  const places = new Map<string, LookRequest[]>();
  for (const job of jobs) {
    const key = job.at === undefined || isOwn(job.at) ? '' : JSON.stringify(job.at);
    const mates = places.get(key) ?? [];
    places.set(key, mates);
    mates.push(job);
  }
  const answers: Result<readonly JobReport[]>[] = [];
  for (const [key, mates] of places) {
    const [{ at } = {}] = mates;
    answers.push(await (key === '' || at === undefined ? lookHere(mates) : surveyor.look(mates, at)));
  }
  const failed = answers.find(answer => !answer.ok);
  const reports = answers.flatMap(answer => (answer.ok ? answer.value : []));
  return failed !== undefined && reports.length === 0 ? failed : ok(reports);
};

/** The one kind of reply that answers a request. */
const only = <K extends Reply['kind'], T>(reply: Result<Reply>, kind: K, value: (reply: Reply & { kind: K }) => T): Result<T> => {
  if (!reply.ok) return reply;
  if (reply.value.kind === kind) return ok(value(reply.value as Reply & { kind: K }));
  return fail({ tag: 'reply-garbled', cause: 'it answers another question' });
};

/** Shells disagree about carriage returns and NUL bytes, so they never see any. */
const scriptText = (script: string): Result<string, Failure> =>
  script.includes('\0') ? fail({ tag: 'bad-input', cause: 'the script holds a NUL byte' }) : ok(script.replaceAll('\r\n', '\n'));

// The only place that finds and follows, over an open connection, jobs that this driver did not start in its own account:
// those that other drivers left in ~/.rollcall, those of other accounts, and Ansible's. It reads; only a cancel acts.
import { type Jid, type JobAbout, parseJid, type Whereabouts } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Found, HostState, JobReport, LookRequest, Survey } from '../engine/ports.ts';
import { type AnsibleFile, type HostTimes, isCut, readAnsibleJob, unknownAnsibleJob } from './ansible-job.ts';
import { bodyOf, type Frame, type Request } from './frames.ts';
import type { Connection } from './ports.ts';
import { decodeReply, type Reply } from './replies.ts';
import type { Runner } from './runner-text.ts';
import { type Account, decodeSurvey, encodePeek, encodePeekThrough, encodeSurvey, encodeThrough, type Surveyed, saidBy } from './survey.ts';

/** What a surveyor needs of its line. */
export type SurveyorParts = {
  readonly connection: Connection;
  readonly nonce: () => string;
  readonly runner: Runner;
  readonly survey: Runner;
  /** Our own account's runner. */
  readonly ask: (request: Request) => Promise<Result<Reply>>;
};

/** Finds and follows jobs of others. */
export type Surveyor = {
  survey(accounts: 'own' | 'all'): Promise<Result<Survey>>;
  /** @param at where all of them live; none of them in our own account's ~/.rollcall */
  look(jobs: readonly LookRequest[], at: Whereabouts): Promise<Result<readonly JobReport[]>>;
  cancel(jid: Jid, grace: number, at: Whereabouts): Promise<Result<HostState>>;
};

/** Jobs that one look of another driver's runner is asked about. */
const mostAtOnce = 500;

export const makeSurveyor = (parts: SurveyorParts): Surveyor => {
  const { connection, nonce } = parts;

  const exec = async <T>(
    encode: (nonce: string) => Frame,
    decode: (nonce: string, reply: Parameters<typeof decodeSurvey>[1]) => Result<T>,
  ) => {
    const mark = nonce();
    const { command, stdin } = encode(mark);
    const reply = await connection.exec(command, stdin);
    return reply.ok ? decode(mark, reply.value) : reply;
  };

  /** The runner as another account has it. It is not installed there for a look. */
  const askThrough = (account: Account, request: Request): Promise<Result<Reply>> =>
    exec<Reply>(
      mark => {
        const { runner } = parts;
        const words = [request.kind, mark, runner.hash, ...(request.kind === 'cancel' ? [String(runner.bytes.length + 1)] : [])];
        return encodeThrough(account, words, runner, bodyOf(request), mark, parts.survey);
      },
      (mark, reply) => decodeReply(request, mark, reply),
    );

  const lookAt = async (jobs: readonly LookRequest[], account: Account | undefined): Promise<Result<readonly JobReport[]>> => {
    const reports: JobReport[] = [];
    for (let from = 0; from < jobs.length; from += mostAtOnce) {
      const request: Request = { kind: 'look', jobs: jobs.slice(from, from + mostAtOnce) };
      const reply = await (account === undefined ? parts.ask(request) : askThrough(account, request));
      if (!reply.ok) return reply;
      if (reply.value.kind !== 'reports') return fail({ tag: 'reply-garbled', cause: 'it answers another question' });
      reports.push(...reply.value.reports);
    }
    return ok(reports);
  };

  const peek = async (jids: readonly Jid[], account: Account | undefined): Promise<Result<readonly JobReport[]>> => {
    const seen = await exec(
      mark => (account === undefined ? encodePeek(jids, mark, parts.survey) : encodePeekThrough(account, jids, mark, parts.survey)),
      decodeSurvey,
    );
    return seen.ok ? ok(jids.map(jid => reportOf(jid, seen.value))) : seen;
  };

  const survey = async (accounts: 'own' | 'all'): Promise<Result<Survey>> => {
    let said = '';
    const seen = await exec(
      mark => encodeSurvey(accounts, mark, parts.survey),
      (mark, reply) => {
        said = saidBy(reply);
        return decodeSurvey(mark, reply);
      },
    );
    if (!seen.ok) return seen;
    const { looked, folders, files, times } = seen.value;
    const found: Found[] = [];
    let { skipped } = seen.value;
    const accountAt = (index: number): Account | undefined => (index === 0 ? undefined : looked[index]);
    const isNamed = ({ account }: { readonly account: number }): boolean =>
      account === 0 || (looked[account]?.name !== '' && looked[account]?.home !== '');
    for (const index of new Set(folders.filter(isNamed).map(({ account }) => account))) {
      const mine = folders.filter(({ account }) => account === index);
      const reports = await lookAt(
        mine.map(({ jid }) => ({ jid, outFrom: 0, errFrom: 0, most: 0 })),
        accountAt(index),
      );
      if (!reports.ok && index === 0) return reports;
      for (const [at, { jid, about }] of mine.entries()) {
        const report = reports.ok ? reports.value[at] : undefined;
        // Its home is shared with the machine that it runs on, and found there.
        if (report?.state.kind === 'elsewhere') continue;
        if (report === undefined || !hasBegun(report.state)) skipped += 1;
        else found.push({ jid, at: whereabouts('rollcall', accountAt(index)), about, report });
      }
    }
    for (const file of files.filter(isNamed)) {
      const job = readAnsibleJob(listed(file), times);
      if (job.kind === 'none') skipped += 1;
      else
        found.push({ jid: file.jid, at: whereabouts('ansible', accountAt(file.account)), about: aboutOf(job.command), report: job.report });
    }
    return ok({
      looked: looked.map(({ name, home }) => ({ account: name, home })),
      found,
      skipped,
      ...(accounts === 'all' && seen.value.root === 'refused' && { refused: said || 'sudo did not answer' }),
    });
  };

  return {
    survey,
    look: (jobs, { kind, account }) =>
      kind === 'ansible'
        ? peek(
            jobs.map(({ jid }) => jid),
            account,
          )
        : lookAt(jobs, account),
    cancel: async (jid, grace, { kind, account }) => {
      if (kind === 'ansible' || account === undefined || parseJid(jid) === undefined) return fail(noCancel);
      const reply = await askThrough(account, { kind: 'cancel', jid, grace });
      if (!reply.ok) return reply;
      return ok(reply.value.kind === 'reports' ? (reply.value.reports[0]?.state ?? { kind: 'unknown' }) : { kind: 'unknown' });
    },
  };
};

const noCancel = { tag: 'host-refused', cause: 'Ansible has no way to end a job; end its async_wrapper.py on the host' } as const;

const whereabouts = (kind: Whereabouts['kind'], account: Account | undefined): Whereabouts => ({ kind, ...(account && { account }) });

/** One that has not begun is its driver's affair still, and of one that was cleaned only the mark is left. */
const hasBegun = ({ kind }: HostState): boolean => kind !== 'unclaimed' && kind !== 'starting' && kind !== 'cleaned' && kind !== 'unknown';

/** A long file has ended; what it says is read when the job is looked at. */
const listed = (file: AnsibleFile): AnsibleFile => (isCut(file) ? { ...file, size: 2, bytes: Buffer.from('{}') } : file);

const aboutOf = (command: string): JobAbout => ({
  runId: '',
  runNumber: 0,
  title: '',
  operator: '',
  machine: '',
  host: '',
  task: '0.0',
  batch: '',
  command,
});

/** How one of Ansible's jobs is, by the answer to a peek. */
const reportOf = (jid: Jid, { files, later, times }: Surveyed): JobReport => {
  const file = files.find(one => one.jid === jid);
  if (later.includes(jid)) return unknownAnsibleJob(jid, { kind: 'running' }, '');
  if (file === undefined) return unknownAnsibleJob(jid, { kind: 'unknown' }, '');
  return ended(file, times);
};

const ended = (file: AnsibleFile, times: HostTimes): JobReport => {
  const job = readAnsibleJob(file, times);
  if (job.kind === 'job') return job.report;
  const why = isCut(file)
    ? `its result has ${file.size} bytes, which is more than is fetched: read ~/.ansible_async/${file.jid} there\n`
    : `~/.ansible_async/${file.jid} there cannot be read as JSON\n`;
  return unknownAnsibleJob(file.jid, { kind: 'lost', why: 'broken' }, why);
};

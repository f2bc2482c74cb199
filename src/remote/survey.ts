// The only place for the bytes of a survey: how survey.sh is asked, and what its answer says. Pure functions over bytes.
// All of it comes from a host, most of it from files that anybody with that account may have written: lines that do not
// have their shape are counted and dropped, and no number or name goes on unmeasured.
import type { Failure } from '../domain/failure.ts';
import { type Jid, type JobAbout, parseAnsibleJid, parseJid, type Whereabouts } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { safeText } from '../domain/safe-line.ts';
import type { AnsibleFile, HostTimes } from './ansible-job.ts';
import { encodeWithText, type Frame, fromAscii } from './frames.ts';
import type { ExecReply } from './ports.ts';
import { type Runner, runnerOf } from './runner-text.ts';
import text from './survey.sh';

/** The survey as it travels. */
export const surveyText: Runner = runnerOf(text);

/** An account and the home that was looked into. */
export type Account = NonNullable<Whereabouts['account']>;

/** A job folder of ours, as its `about` tells it. */
export type FoundFolder = { readonly jid: Jid; readonly account: number; readonly about: JobAbout };

/** What one answer of survey.sh says. `account` counts in `looked`. */
export type Surveyed = {
  readonly times: HostTimes;
  readonly looked: readonly Account[];
  readonly folders: readonly FoundFolder[];
  readonly files: readonly (AnsibleFile & { readonly account: number })[];
  /** Too much for one answer. */
  readonly later: readonly Jid[];
  readonly skipped: number;
  readonly root: 'had' | 'refused';
};

/** Asks for all jobs of the account that logs in, or of every account. */
export const encodeSurvey = (accounts: 'own' | 'all', nonce: string, survey: Runner): Frame =>
  encodeWithText(wordsOf(accounts === 'all' ? 'survey-all' : 'survey', nonce, survey), survey, none);

/** Asks how Ansible's jobs are that are named. */
export const encodePeek = (jids: readonly Jid[], nonce: string, survey: Runner): Frame =>
  encodeWithText(wordsOf('peek', nonce, survey), survey, peekBody(jids));

/** {@link encodePeek} with another account's rights and home. */
export const encodePeekThrough = (account: Account, jids: readonly Jid[], nonce: string, survey: Runner): Frame =>
  encodeThrough(account, wordsOf('peek', nonce, survey), survey, peekBody(jids), nonce, survey);

/**
 * Hands a text with its request over to another account: sudo without a password, then that account's own rights.
 * @param words what the text is called with; the nonce second
 */
export const encodeThrough = (
  { name, home }: Account,
  words: readonly string[],
  inner: Runner,
  body: Uint8Array,
  nonce: string,
  survey: Runner,
): Frame => {
  const head = Buffer.from(`${home}\n${inner.bytes.length} ${words.join(' ')}\n`);
  return encodeWithText([...wordsOf('through', nonce, survey), name], survey, Buffer.concat([head, inner.bytes, body]));
};

const none = new Uint8Array(0);

const wordsOf = (verb: string, nonce: string, { hash, bytes }: Runner): string[] => [verb, nonce, hash, String(bytes.length + 1)];

const peekBody = (jids: readonly Jid[]): Uint8Array => Buffer.from(`${jids.map(jid => `${jid}\n`).join('')}.\n`);

/**
 * Reads an answer of survey.sh.
 * @failure restricted (nothing of ours spoke), reply-garbled (it broke off), connection-lost, request-cut
 */
export const decodeSurvey = (nonce: string, reply: ExecReply): Result<Surveyed> => {
  const lines = Buffer.from(reply.stdout).toString('latin1').split('\n');
  const from = lines.indexOf(`A ${nonce} 1`);
  const to = lines.lastIndexOf(`Z ${nonce}`);
  if (from === -1) return fail(failure(reply.code === undefined ? 'connection-lost' : 'restricted', saidBy(reply)));
  if (to < from) return fail(failure(reply.code === undefined ? 'connection-lost' : 'reply-garbled', 'the survey broke off'));
  const records = lines.slice(from + 1, to);
  const refused = records.find(line => line.startsWith('E '));
  if (refused !== undefined) return fail(failure('request-cut', safeText(refused.slice(2), 200)));
  return ok(read(records));
};

/** What standard error says at its end: where a refusal of sudo stands. */
export const saidBy = ({ stderr }: Pick<ExecReply, 'stderr'>): string => {
  const lines = Buffer.from(stderr).toString().trim().split('\n');
  return safeText(lines.at(-1) ?? '', 200).trim();
};

const failure = (tag: 'connection-lost' | 'restricted' | 'reply-garbled' | 'request-cut', cause: string): Failure => ({ tag, cause });

/** Most jobs that one answer is believed to name. */
const mostFound = 20_000;

const read = (records: readonly string[]): Surveyed => {
  let times: HostTimes = { now: 0, booted: 0 };
  let root: Surveyed['root'] = 'refused';
  let skipped = 0;
  const looked: Account[] = [];
  const folders: FoundFolder[] = [];
  const files: Surveyed['files'][number][] = [];
  const later: Jid[] = [];
  /** Limits of living wrappers: one of Ansible's jids without its pid, by account. */
  const wrappers = new Map<string, number>();
  for (let at = 0; at < records.length; at += 1) {
    const line = records[at] as string;
    const [mark, first = '', second = '', third = ''] = line.split(' ');
    const account = looked.length - 1;
    switch (mark) {
      case 'T':
        times = { now: whole(first) ?? 0, booted: whole(second) ?? 0 };
        break;
      case 'R':
        root = 'had';
        break;
      case 'H': {
        const home = Buffer.from(line.slice(`H ${first} `.length), 'latin1').toString();
        looked.push({ name: /^\w[\w.-]{0,63}$/.test(first) ? first : '', home: home.startsWith('/') ? home : '' });
        break;
      }
      case 'F': {
        const about = new Map<string, string>();
        while (records[at + 1]?.startsWith('|') === true) {
          at += 1;
          const [key = '', ...value] = (records[at] as string).slice(1).split('=');
          if (!about.has(key)) about.set(key, value.join('='));
        }
        const jid = parseJid(first);
        const known = jid === undefined ? undefined : aboutOf(about);
        if (jid === undefined || known === undefined || folders.length >= mostFound) skipped += 1;
        else folders.push({ jid, account, about: known });
        break;
      }
      case 'N': {
        const hex: string[] = [];
        while (at + 1 < records.length && records[at + 1] !== '.') {
          at += 1;
          hex.push((records[at] as string).replaceAll(' ', ''));
        }
        at += 1;
        const jid = parseAnsibleJid(first);
        const [size, changedAt] = [whole(second), whole(third)];
        const bytes = Buffer.from(hex.join(''), 'hex');
        if (jid === undefined || size === undefined || changedAt === undefined || files.length >= mostFound) skipped += 1;
        else {
          const limit = wrappers.get(`${account} ${jid.split('.')[0]}`);
          files.push({ jid, account, size, bytes, changedAt, ...(limit !== undefined && { wrapper: { limit } }) });
        }
        break;
      }
      case 'P':
        if (/^j\d{1,12}$/.test(first)) wrappers.set(`${account} ${first}`, whole(second) ?? 0);
        break;
      case 'L': {
        const jid = parseAnsibleJid(first);
        if (jid !== undefined) later.push(jid);
        break;
      }
      case 'K':
        skipped += whole(first) ?? 0;
        break;
      default:
    }
  }
  return { times, looked, folders, files, later, skipped, root };
};

/** An `about` that says whose job it is, or undefined. Values are what a runner wrote, or what somebody made look like it. */
const aboutOf = (lines: ReadonlyMap<string, string>): JobAbout | undefined => {
  const word = (key: string, most = 500): string => safeText(fromAscii(lines.get(key) ?? ''), most);
  const runId = lines.get('run') ?? '';
  const task = lines.get('task') ?? '';
  const host = word('host');
  if (!/^[0-9a-f]{32}$/.test(runId) || !/^\d{1,4}(\.\d{1,6}){1,8}$/.test(task) || host === '') return undefined;
  const batch = lines.get('batch') ?? '';
  const become = word('become', 64);
  return {
    runId,
    runNumber: whole(lines.get('number')) ?? 0,
    title: word('title'),
    operator: word('operator', 64),
    machine: word('machine', 64),
    host,
    task,
    batch: /^\d{1,6}\/\d{1,6}$/.test(batch) ? batch : '',
    command: word('command'),
    ...(become !== '' && { become }),
  };
};

const whole = (text: string | undefined): number | undefined => (text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined);

// The only place where the conversation about a password is cut at every byte, and the process that answers is killed at any
// moment: the command runs once or not at all, and the same start sent again makes it exactly once. A script stands for sudo.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Outcome, Secrets } from '../../src/domain/need.ts';
import type { Result } from '../../src/domain/result.ts';
import type { StartReply, StartRequest } from '../../src/engine/ports.ts';
import { bodyOf } from '../../src/remote/frames.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import runnerText from '../../src/remote/runner.sh';
import { type Fault, makeSimulatedLink, runnerFor, type Shell, type SimulatedLink, temporary } from '../support/simulated-link.ts';
import { addressOf } from './address.ts';
import { freshIdentity, hex, lookUntil, startOf, text, value } from './jobs-contract.ts';
import { underEachShell } from './runner-kit.ts';

const password = 'pa ss\\w$rd';
const identity = freshIdentity();
const host = { name: 'web1', address: undefined, gate: 'web1' };

/** Asks as sudo does; a line without an end counts, too. */
const program = `#!/bin/sh
prompt='' asks=yes
while [ "$1" != -- ]; do
  case $1 in -n) asks= ;; -p) prompt=$2 ;; esac
  shift
done
shift
[ -n "$asks" ] || { echo "sudo: a password is required" >&2; exit 1; }
echo "We trust you have received the usual lecture" >&2
while :; do
  printf %s "$prompt" >&2
  line=
  IFS= read -r line || [ -n "$line" ] || { echo "sudo: no password was provided" >&2; exit 1; }
  [ "$line" != '${password}' ] || break
  echo "$line" >>"$0.tried"
  echo "Sorry, try again." >&2
done
exec "$@"
`;

const folder = temporary('rollcall-ask-');
const exe = join(folder, 'ask');
writeFileSync(exe, program);
writeFileSync(`${exe}.tried`, '');
chmodSync(exe, 0o755);

const giving = (given: string): Secrets & { readonly settled: Outcome[] } => {
  const settled: Outcome[] = [];
  return { settled, take: () => ({ kind: 'have', values: [given], settle: outcome => settled.push(outcome) }) };
};

const counted = (): StartRequest => {
  const start = startOf('', { linger: 0, become: { method: 'sudo', user: 'root', exe } });
  return { ...start, script: `echo x >>"$RUNS/${start.jid}"` };
};

const send = async (
  link: SimulatedLink,
  shell: Shell,
  start: StartRequest,
  faults: readonly Fault[] = [],
  secrets: Secrets = giving(password),
) => {
  const runner = runnerFor(runnerText, shell);
  const jobs = makeJobs({ transport: link.withFaults(faults), identity, nonce: () => hex(8), addressOf, runner, secrets });
  const line = value(await jobs.connect(host));
  return { line, reply: await line.start(start) };
};

/** A home with the runner in it, whose jobs count their runs. */
const prepared = async (shell: Shell): Promise<SimulatedLink> => {
  const runs = temporary('rollcall-runs-');
  const link = makeSimulatedLink(shell, { env: { RUNS: runs } });
  mkdirSync(join(link.home, 'runs'));
  value((await send(link, shell, { ...counted(), script: 'true' })).reply);
  return Object.assign(link, { runs });
};

const runsOf = (link: SimulatedLink, { jid }: StartRequest): number => {
  const file = join((link as SimulatedLink & { readonly runs: string }).runs, jid);
  return existsSync(file) ? readFileSync(file, 'utf8').length / 2 : 0;
};

const quiet: Fault = { kind: 'delay', ms: 0 };

/** Sends it again, whole: it must have run once in the end. */
const endsOnce = async (link: SimulatedLink, shell: Shell, start: StartRequest, what: string): Promise<Result<StartReply>> => {
  const { line, reply } = await send(link, shell, start);
  value(reply);
  await lookUntil(line, start.jid, 'done');
  expect(runsOf(link, start), what).toBe(1);
  return reply;
};

describe('a password', { timeout: 600_000 }, () => {
  underEachShell(shell => {
    test(`goes once under ${shell.name}, byte for byte, and a wrong one ends it`, async () => {
      const link = await prepared(shell);
      const right = giving(password);
      const start = { ...counted(), script: 'cat; echo out; echo err >&2' };
      const { line, reply } = await send(link, shell, start, [], right);
      value(reply);
      const report = await lookUntil(line, start.jid, 'done');
      expect([text(report.out.bytes), text(report.err.bytes), right.settled]).toEqual(['out\n', 'err\n', ['accepted']]);
      const wrong = giving('no \\such');
      const refused = counted();
      expect((await send(link, shell, refused, [], wrong)).reply).toMatchObject({ ok: false });
      expect(wrong.settled[0]).toBe('refused');
      expect(readFileSync(`${exe}.tried`, 'utf8').endsWith('no \\such\n')).toBe(true);
      expect(runsOf(link, refused)).toBe(0);
      await endsOnce(link, shell, refused, 'after a wrong one');
    });

    // The conversation is the same in each shell; one of them is cut at every byte, the others where it matters.
    const isWhole = shell.name === 'dash';
    test(`cut at any byte under ${shell.name} is not tried, and the start runs once when it is sent again`, async () => {
      const link = await prepared(shell);
      const request = bodyOf({ kind: 'become', start: counted(), by: identity, most: 65_536 }).length;
      const whole = request + password.length + 1;
      const cuts = Array.from({ length: whole }, (_, at) => at).filter(at => isWhole || at >= request - 1);
      const tried = readFileSync(`${exe}.tried`, 'utf8');
      for (const cut of cuts) {
        const start = counted();
        const heard = cut % 2 === 0;
        const { reply } = await send(link, shell, start, [quiet, { kind: 'cut-request', after: cut, answer: heard ? 'heard' : 'lost' }]);
        expect(reply.ok ? reply.value.kind : reply.failure.tag, `cut after ${cut} of ${whole}`).toBe(
          heard ? 'request-cut' : 'connection-lost',
        );
        expect(runsOf(link, start), `cut after ${cut}`).toBe(0);
        expect(value(await endsOnce(link, shell, start, `cut after ${cut}`)).kind).toBe('started');
      }
      expect(readFileSync(`${exe}.tried`, 'utf8')).toBe(tried);
      const start = counted();
      await send(link, shell, start, [quiet, { kind: 'cut-request', after: whole, answer: 'lost' }]);
      expect(value(await endsOnce(link, shell, start, 'only the answer was lost')).kind).toBe('exists');
      expect(readdirSync(join(link.home, '.rollcall/stage'))).toEqual([]);
    });

    test(`whose answering process is killed at any moment under ${shell.name} runs it once`, async () => {
      const link = await prepared(shell);
      for (let ms = 0; ms < (isWhole ? 80 : 40); ms += isWhole ? 3 : 8) {
        const start = counted();
        await send(link, shell, start, [quiet, { kind: 'kill', afterMs: ms }]);
        await endsOnce(link, shell, start, `killed after ${ms} ms`);
      }
    });
  });
});

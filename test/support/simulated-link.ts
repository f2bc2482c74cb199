// The only place for the contract transport: a `Transport` whose hosts are private homes on this machine and whose exec
// runs the real command in a real shell, with a link that can be cut at any byte, delayed or made to say things twice.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll } from 'vitest';
import { ok } from '../../src/domain/result.ts';
import { type ExecReply, listenFor, type Question, type Transport } from '../../src/remote/ports.ts';
import { type Runner, runnerOf } from '../../src/remote/runner-text.ts';

/** A shell that stands in for the host's /bin/sh, called by that name so that it behaves as such. */
export type Shell = {
  readonly name: string;
  /** Path of a link named `sh`. */
  readonly sh: string;
  readonly path: string;
};

/** What happens to the next exec; one fault each, taken in order. */
export type Fault =
  /** The host gets only so many bytes of stdin, then the end; `answer`: whether we still hear what it says. */
  | { readonly kind: 'cut-request'; readonly after: number; readonly answer: 'heard' | 'lost' }
  /** We get only so many bytes of the reply. */
  | { readonly kind: 'cut-reply'; readonly after: number }
  | { readonly kind: 'delay'; readonly ms: number }
  /** The process that answers is killed after so many milliseconds; what it detached lives on. */
  | { readonly kind: 'kill'; readonly afterMs: number }
  /** The host gets the whole request twice, at the same time. */
  | { readonly kind: 'twice' };

export type SimulatedLink = Transport & {
  /** Holds a blank, as homes may. */
  readonly home: string;
  /** The same home over a link whose next execs meet these faults, in order. */
  withFaults(faults: readonly Fault[]): Transport;
  /** All execs so far. */
  readonly execs: { readonly command: string; readonly stdin: Uint8Array }[];
};

const programs: Readonly<Record<string, string>> = { dash: 'dash', bash: 'bash', busybox: 'busybox', mksh: 'mksh', yash: 'yash' };

/** The shells that the runner promises to work with. */
export const shellNames = Object.keys(programs);

/** The shell, or undefined where it isn't installed. busybox brings its own small tools, and only those. */
export const findShell = (name: string): Shell | undefined => {
  const program = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, programs[name] ?? name))
    .find(existsSync);
  if (program === undefined) return undefined;
  const folder = temporary(`rollcall-${name}-`);
  const sh = join(folder, 'sh');
  symlinkSync(program, sh);
  if (name !== 'busybox') return { name, sh, path: process.env['PATH'] ?? '' };
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  spawnSync(program, ['--install', '-s', tools]);
  return { name, sh, path: tools };
};

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** A folder that goes away when the test file has ended. */
export const temporary = (prefix: string): string => {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
};

/** The runner as it is, but for the shell that it names and what `change` does to it. */
export const runnerFor = (text: string, shell: Shell, change: (text: string) => string = same => same): Runner =>
  runnerOf(change(text).replaceAll('/bin/sh', shell.sh));

/** A link to one private home. */
export const makeSimulatedLink = (
  shell: Shell,
  { home = temporary('rollcall home-'), path = shell.path, env = {}, before = '' } = {},
): SimulatedLink => {
  const execs: { command: string; stdin: Uint8Array }[] = [];
  const run = (command: string, stdin: Uint8Array, { killAfter, question }: How = {}): Promise<ExecReply> => {
    const child = spawn(shell.sh, ['-c', before + command.replaceAll('/bin/sh', shell.sh)], {
      cwd: existsSync(home) ? home : '/',
      env: { HOME: home, PATH: path, USER: 'someone', ...env },
      stdio: 'pipe',
    });
    // The host may end before it has read everything; that is no error of the link.
    child.stdin.on('error', () => {});
    if (question === undefined) child.stdin.end(stdin);
    else {
      child.stdin.write(stdin);
      child.stdout.on(
        'data',
        listenFor(question, answer => child.stdin.end(answer)),
      );
    }
    if (killAfter !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfter);
    return replyOf(child);
  };
  const exec = async (command: string, stdin: Uint8Array, fault: Fault | undefined, question?: Question): Promise<ExecReply> => {
    execs.push({ command, stdin });
    switch (fault?.kind) {
      case 'delay':
        await new Promise(resolve => setTimeout(resolve, fault.ms));
        return run(command, stdin, { question });
      case 'twice':
        return (await Promise.all([run(command, stdin, { question }), run(command, stdin, { question })]))[0];
      case 'kill':
        return { ...(await run(command, stdin, { killAfter: fault.afterMs, question })), code: undefined };
      case 'cut-reply':
        return { ...gone, stdout: (await run(command, stdin, { question })).stdout.subarray(0, fault.after) };
      case 'cut-request': {
        const reply = await run(command, stdin.subarray(0, fault.after), { question: cutQuestion(question, fault.after - stdin.length) });
        return fault.answer === 'lost' ? gone : reply;
      }
      default:
        return run(command, stdin, { question });
    }
  };
  const withFaults = (faults: readonly Fault[]): Transport => ({
    connect: async () => {
      const left = [...faults];
      let end = (): void => {};
      const closed = new Promise<void>(resolve => {
        end = resolve;
      });
      return ok({
        exec: async (command, stdin, question) => ok(await exec(command, stdin, left.shift(), question)),
        close: () => end(),
        closed,
      });
    },
  });
  return { ...withFaults([]), home, execs, withFaults };
};

type How = { readonly killAfter?: number; readonly question?: Question | undefined };

/** What is left of an answer when only so many bytes of it arrive; nothing is asked where not even the request did. */
const cutQuestion = (question: Question | undefined, left: number): Question | undefined =>
  question && left >= 0 ? { ...question, answer: () => question.answer()?.subarray(0, left) } : undefined;

const gone: ExecReply = { stdout: new Uint8Array(), stderr: new Uint8Array(), code: undefined, signal: undefined };

/** As over a real channel, the reply is complete when nobody holds the pipes any more, not when the process ended. */
const replyOf = (child: ChildProcess): Promise<ExecReply> => {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr),
        code: code ?? undefined,
        signal: signal ?? undefined,
      }),
    );
  });
};

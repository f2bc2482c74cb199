// Transport over child processes: hosts whose `ansible_connection` is local are this machine, as the account of the driver.
// A command is what sshd would hand to a login shell: one string for `/bin/sh -c`, begun in the home folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { fail, ok, type Result } from '../domain/result.ts';
import { type Connection, type ExecReply, listenFor, type Timeouts, type Transport } from '../remote/ports.ts';

/** What the transport must be told about this machine. */
export type LocalOptions = {
  readonly timeouts: Pick<Timeouts, 'reply'>;
  /** Where commands begin, and what they have for HOME. */
  readonly home: string;
  /** Environment of the commands; nothing secret. */
  readonly env: NodeJS.ProcessEnv;
  /** Most bytes of standard output of one exec. */
  readonly stdoutMax?: number;
};

/** A transport without a wire: it connects at once, and what it runs counts against forks like anything else. */
export const makeLocalTransport = ({ timeouts, home, env, stdoutMax = 16 * 1024 * 1024 }: LocalOptions): Transport => ({
  connect: async address => {
    const { name: host } = address;
    const patience = (address.replyTimeout ?? 0) * 1000 || timeouts.reply;
    const running = new Set<ChildProcess>();
    let isOver = false;
    let tellClosed = (): void => undefined;
    const closed = new Promise<void>(resolve => {
      tellClosed = resolve;
    });
    const lost = (cause: string): Result<never> => fail({ tag: 'connection-lost', host, cause });
    const exec: Connection['exec'] = (command, stdin, question) =>
      new Promise(resolve => {
        if (isOver) return resolve(lost('it was closed'));
        const child = spawn('/bin/sh', ['-c', command], { cwd: home, env: { ...env, HOME: home }, detached: true });
        running.add(child);
        const give = (answer: Result<ExecReply>): void => {
          clearTimeout(timer);
          running.delete(child);
          resolve(answer);
        };
        const timer = setTimeout(() => {
          endGroup(child);
          give(fail({ tag: 'reply-timeout', host, cause: `no end within ${patience / 1000} s` }));
        }, patience);
        const stdout: Buffer[] = [];
        let size = 0;
        let stderr = Buffer.alloc(0);
        child.stdout.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= stdoutMax) return void stdout.push(chunk);
          endGroup(child);
          give(fail({ tag: 'reply-garbled', host, cause: `it sent more than ${stdoutMax} bytes` }));
        });
        child.stderr.on('data', (chunk: Buffer) => {
          stderr = Buffer.concat([stderr, chunk]).subarray(-65_536);
        });
        child.once('error', error => give(lost(`/bin/sh could not be run in ${home}: ${error.message}`)));
        child.once('close', (code, signal) => {
          if (isOver) give(lost('it was closed'));
          else give(ok({ stdout: Buffer.concat(stdout), stderr, code: code ?? undefined, signal: signal ?? undefined }));
        });
        child.stdin.on('error', () => undefined);
        if (question === undefined) return void child.stdin.end(stdin);
        child.stdin.write(stdin);
        child.stdout.on(
          'data',
          listenFor(question, answer => child.stdin.end(answer)),
        );
      });
    const close = (): void => {
      if (isOver) return;
      isOver = true;
      const ended = [...running].map(child => new Promise<void>(resolve => void child.once('close', () => resolve())));
      for (const child of running) endGroup(child);
      void Promise.all(ended).then(tellClosed);
    };
    return ok({ exec, close, closed } satisfies Connection);
  },
});

/** What it began along with it; a job has left for a session of its own by then. */
const endGroup = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

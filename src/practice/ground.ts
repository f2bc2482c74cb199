// The only place that starts the ground of the practice fleet: one process that holds a user namespace and a root
// folder of our own making, on which every practice host boots. It knows unshare and mount, and nothing of SSH.
import { type ChildProcess, spawn } from 'node:child_process';
import { asNobody, bareEnvironment } from './as-nobody.ts';
import bootScript from './boot.sh';
import groundScript from './ground.sh';
import groundEndScript from './ground-end.sh';
import { record, sendKill } from './processes.ts';
import { programFiles } from './programs.ts';

/** The living ground. */
export type Ground = {
  /** The process that holds the namespaces. */
  readonly pid: number;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  readonly end: () => void;
};

/** Where the ground keeps the boot script and, per host, what outlives a reboot. */
export const groundFolder = '/.practice';

/**
 * Makes the ground. It ends with this process, even when that is killed: the kernel sends it a KILL.
 * @throws Error with the words of the tool that refused, where namespaces can't be had
 */
export const layGround = async (processesPath: string): Promise<Ground> => {
  const child = spawn('unshare', ['--user', '--map-root-user', '--mount', 'setpriv', '--pdeathsig', 'KILL', '/bin/sh'], {
    ...asNobody(),
    cwd: '/',
    env: bareEnvironment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {}); // it ended before it read all: the reason comes by itself
  child.stdin.end(groundText());
  await firstLine(child, 'ready', 5000);
  const pid = child.pid!;
  record(processesPath, pid);
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  return { pid, ended, end: () => sendKill(pid) };
};

/**
 * Waits for a child's first line of output, which must begin with `word`; gives the rest of the line.
 * @throws Error with what the child said on stderr when it ends first or says nothing in time
 */
export const firstLine = (child: ChildProcess, word: string, milliseconds: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    let complained = '';
    const fail = (why: string) => {
      clearTimeout(timer);
      if (child.pid !== undefined) sendKill(child.pid);
      reject(new Error(complained.trim().split('\n').at(-1) || why));
    };
    const timer = setTimeout(() => fail(`no answer within ${milliseconds} ms`), milliseconds);
    child.once('error', error => fail(error.message));
    child.once('close', (code, signal) => fail(`ended with ${signal ?? code}`));
    child.stderr?.on('data', chunk => (complained = `${complained}${chunk}`.slice(-2000)));
    child.stdout?.on('data', chunk => {
      said += chunk;
      const line = said.split('\n', 1)[0]!;
      if (!said.includes('\n')) return;
      clearTimeout(timer);
      if (line.startsWith(word)) resolve(line.slice(word.length).trim());
      else fail(`said: ${line}`);
    });
  });

/** ground.sh, then the files to install, then the last steps. */
const groundText = (): string =>
  [
    groundScript,
    install('etc/passwd', 'ops:x:0:0:practice operator:/home/ops:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\n'),
    install('etc/group', 'ops:x:0:\n'),
    install('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n'),
    install('etc/os-release', osRelease),
    install('.practice/boot.sh', bootScript),
    ...programFiles.map(([path, text]) => install(path, text)),
    groundEndScript,
  ].join('\n');

const osRelease = 'NAME="Practice Linux"\nID=practice\nPRETTY_NAME="Practice Linux (a sandbox of Rollcall)"\n';

/** Shell text that writes a file; the end mark is none that a file of ours holds. */
const install = (path: string, text: string): string => `cat >${path} <<'=== end of file ==='\n${text}\n=== end of file ===\n`;

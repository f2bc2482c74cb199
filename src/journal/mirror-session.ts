// The only place that touches a mirror where it lies: one shell there, started here for a folder of this machine and by the
// system's ssh for another one, so that both are the same. It knows lines and sizes, not what they say.
import { type ChildProcess, spawn } from 'node:child_process';
import type { MirrorPlace } from '../domain/mirror-place.ts';

/** The file in a mirror's folder. */
export const mirrorFile = 'journal.mirror';

/**
 * Tells what is there, waits for one line ("on SIZE whole|part"), and appends what follows to a file that only this driver
 * writes: a copy of what is there, up to SIZE. `whole`: it takes the place of the mirror at once; `part`: a later session
 * does that. So whoever wrote before (a driver that was stopped, an ssh that has not noticed yet) never writes into it.
 * In one line and without an exclamation mark or single quote, for login shells that are no sh.
 * Words: folder, epoch.
 */
const writing = [
  'umask 077; d=$1 p=$1/journal.mirror n=$1/journal.mirror.$2; mkdir -p "$d" || exit 1',
  'set -- $(ls -ldn "$d/.")',
  'case $1 in drwx------*) ;; *) echo "refused others may enter it (mode $1); chmod 700 it"; exit 1;; esac',
  '[ "$3" = "$(id -u)" ] || { echo "refused it belongs to uid $3, not to $(id -u)"; exit 1; }',
  's=$p k=mirror i=$(ls -i "$p" 2>&1); if [ -e "$n" ]; then s=$n k=own; fi; z=0; if [ -e "$s" ]; then z=$(($(wc -c <"$s"))) || exit 1; fi',
  'echo "size $z $k"; if [ "$z" -gt 0 ]; then head -n 1 "$s"; head -c "$z" "$s" | tail -n 3; fi; printf "\\nend\\n"',
  'read -r word size whole || exit 0; [ "$word" = on ] || exit 1',
  'if [ "$s" = "$p" ]; then if [ "$size" -eq 0 ]; then : >"$n"; else head -c "$size" "$p" >"$n"; fi;' +
    ' elif [ "$size" -lt "$z" ]; then head -c "$size" "$n" >"$n.cut" && mv -f "$n.cut" "$n"; fi || exit 1',
  'exec 3>>"$n" || exit 1; if [ "$whole" = whole ]; then',
  'if [ "$i" = "$(ls -i "$p" 2>&1)" ]; then mv -f "$n" "$p" || exit 1; else echo "somebody else wrote it meanwhile" >&2; exit 1; fi; fi',
  'for o in "$p".*; do if [ "$o" = "$n" ]; then :; else rm -f "$o"; fi; done; echo ready; exec cat >&3',
]
  .join('; ')
  .replaceAll('then; ', 'then ');

/** Gives the mirror out. Word: folder, or the file itself. */
const reading = 'f=$1; if [ -d "$f" ]; then f=$f/journal.mirror; fi; exec cat <"$f"';

/** What lies there: its first line, and bytes from some line to the end; all of it empty where nothing lies there. */
export type MirrorFound = {
  /** `own`: what this driver had begun to write; the mirror itself is as it was. */
  readonly of: 'mirror' | 'own';
  readonly size: number;
  readonly first: string;
  readonly tail: Buffer;
};

/** One shell beside a mirror. Its failures are words that follow "the mirror PLACE: ". */
export type MirrorSession = {
  /** What is there, or why nothing can be done. */
  readonly found: Promise<{ readonly ok: true; readonly value: MirrorFound } | { readonly ok: false; readonly failure: string }>;
  /** Goes on behind the first `size` bytes; true when what is written from now on arrives there. */
  begin(size: number, whole: boolean): Promise<boolean>;
  /** True when the bytes were taken, however long that takes; false when the session is over. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Nothing more comes: resolves with undefined when all of it is written, or with why it is not. */
  end(): Promise<string | undefined>;
  /** Resolves when the shell has gone, with its last words. */
  readonly over: Promise<string>;
  kill(): void;
};

/** What a shell is started with. */
export type MirrorShell = {
  readonly place: MirrorPlace;
  /** Environment; SSH_AUTH_SOCK in it is what ssh logs in with. */
  readonly env: NodeJS.ProcessEnv;
};

export const openMirrorSession = ({ place, env }: MirrorShell, epoch: number): MirrorSession => {
  const child = startShell(place, env, writing, [String(epoch)]);
  const { over, lastWords } = lifeOf(child);
  let buffered = Buffer.alloc(0);
  let wake: () => void = () => {};
  /** Of the write that is under way; hung on the shell's end itself, each write would keep its bytes until then. */
  let refuse: () => void = () => {};
  let isOver = false;
  let isGood = false;
  void over.then(() => {
    isOver = true;
    wake();
    refuse();
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    // Beyond this no mirror of ours is being told of: it is not listened to.
    if (buffered.length < mostTold) buffered = Buffer.concat([buffered, chunk]);
    wake();
  });
  child.stdin?.on('error', () => {});

  /** Resolves with what `ready` makes of the answer so far, or undefined when the shell has gone. */
  const told = async <T>(ready: (text: Buffer) => T | undefined): Promise<T | undefined> => {
    for (;;) {
      const value = ready(buffered);
      if (value !== undefined || isOver) return value;
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  };

  const write = (bytes: Uint8Array): Promise<boolean> =>
    new Promise(resolve => {
      if (isOver || child.stdin === null) return resolve(false);
      refuse = () => resolve(false);
      child.stdin.write(bytes, error => resolve(error === null || error === undefined));
    });

  return {
    over,
    found: told(foundIn).then(async value => {
      if (value !== undefined) return { ok: true, value };
      await over;
      return { ok: false, failure: refusalIn(buffered) ?? lastWords() };
    }),
    async begin(size, whole) {
      const before = buffered.length;
      await write(Buffer.from(`on ${size} ${whole ? 'whole' : 'part'}\n`));
      isGood = (await told(text => (text.length > before && text.subarray(before).includes('ready\n') ? true : undefined))) === true;
      return isGood;
    },
    write,
    async end() {
      child.stdin?.end();
      await over;
      return child.exitCode === 0 && isGood ? undefined : lastWords();
    },
    kill() {
      child.kill('SIGKILL');
      // What it had started (a program that hangs on a dead disk) may hold the other ends for ever.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    },
  };
};

/** Reads a mirror from its beginning; ends with an error that says why where it cannot. */
export const readMirrorBytes = async function* ({ place, env }: MirrorShell): AsyncGenerator<Uint8Array, string | undefined> {
  const child = startShell(place, env, reading, []);
  const { over, lastWords } = lifeOf(child);
  child.stdin?.on('error', () => {});
  child.stdin?.end();
  try {
    if (child.stdout !== null) for await (const chunk of child.stdout) yield chunk as Buffer;
    await over;
    return child.exitCode === 0 ? undefined : lastWords();
  } finally {
    child.kill('SIGKILL');
  }
};

const mostTold = 256 * 1024 * 1024;

/** One connection beyond the forks. It gives up by itself within seconds when the other side is silent. */
const sshOptions = ['BatchMode=yes', 'ConnectTimeout=10', 'ServerAliveInterval=2', 'ServerAliveCountMax=3', 'ClearAllForwardings=yes'];

const startShell = (place: MirrorPlace, env: NodeJS.ProcessEnv, script: string, words: readonly string[]): ChildProcess => {
  const args = ['-c', script, 'rollcall-mirror', place.path, ...words];
  if (place.kind === 'here') return spawn('sh', args, { stdio: 'pipe', env, cwd: '/' });
  const command = ['sh', ...args].map((word, at) => (at < 2 ? word : quoted(word))).join(' ');
  const options = sshOptions.flatMap(option => ['-o', option]);
  return spawn('ssh', [...options, '-T', '--', place.host, command], { stdio: 'pipe', env, cwd: '/' });
};

/** For any shell that has single quotes and takes a backslash outside of them for the next character. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

const mostWords = 4096;

const lifeOf = (child: ChildProcess): { readonly over: Promise<string>; lastWords(): string } => {
  let said = '';
  let how = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-mostWords);
  });
  const lastWords = (): string => said.trim().split('\n').at(-1)?.trim() || how;
  const over = new Promise<string>(resolve => {
    child.once('error', error => {
      how = error.message;
      resolve(lastWords());
    });
    child.once('close', (code, signal) => {
      how = `it ended (${signal ?? code})`;
      resolve(lastWords());
    });
  });
  return { over, lastWords };
};

const foundIn = (text: Buffer): MirrorFound | undefined => {
  const marker = Buffer.from('\nend\n');
  if (!text.subarray(-marker.length).equals(marker)) return undefined;
  const start = text.indexOf('size ');
  const head = /^size (\d+) (mirror|own)\n/.exec(text.subarray(start, start + 40).toString('latin1'));
  if (start < 0 || head?.[1] === undefined) return undefined;
  const body = text.subarray(start + head[0].length, text.length - marker.length);
  const end = body.indexOf(10);
  return {
    of: head[2] as MirrorFound['of'],
    size: Number(head[1]),
    first: body.subarray(0, Math.max(0, end)).toString('utf8'),
    tail: body.subarray(end + 1),
  };
};

const refusalIn = (text: Buffer): string | undefined => /^refused (.*)$/m.exec(text.subarray(0, 4096).toString('utf8'))?.[1];

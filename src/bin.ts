#!/usr/bin/env node
// The door: judges the Node version, sets production React, hands over to the command line, and is where a bug ends, once.
// It must parse on any Node, so its syntax is old, its imports are dynamic, and it waits with `then`.

/** The same as `engines` in package.json. */
const OLDEST_MAJOR = 22;
const OLDEST_MINOR = 13;
const BUG = 250;
/** What a shell reports of a program whose reader went away (128 + SIGPIPE). */
const READER_GONE = 141;

const version = process.versions.node.split('.');
const major = Number(version[0]);
if (major > OLDEST_MAJOR || (major === OLDEST_MAJOR && Number(version[1]) >= OLDEST_MINOR)) {
  open();
} else {
  process.stderr.write(
    `rollcall needs Node ${OLDEST_MAJOR}.${OLDEST_MINOR} or newer; this is ${process.versions.node}: install Node 24 from https://nodejs.org\n`,
  );
  process.exitCode = 1;
}

function open(): void {
  process.env['NODE_ENV'] = 'production';
  // Node makes an unhandled rejection one of these, too.
  process.on('uncaughtException', bug);
  process.stdout.on('error', leave);
  process.stderr.on('error', leave);
  import('./cli/main.ts')
    .then(cli => cli.main(process.argv.slice(2)))
    .then(code => {
      // What was written last may still be on its way into a pipe.
      process.stdout.write('', () => process.exit(code));
    })
    .catch(bug);
}

/** `rollcall jobs | head` is no bug, nor is a terminal that was closed. */
function leave(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EIO') process.exit(READER_GONE);
  bug(error);
}

let told = false;

/** One line for the user, the stack for the log file. A second bug on the way out changes nothing. */
function bug(error: unknown): void {
  if (told) return;
  told = true;
  const stack = error instanceof Error ? String(error.stack) : String(error);
  Promise.all([import('node:fs'), import('node:os'), import('node:path')])
    .then(([fs, os, path]) => {
      const state = process.env['XDG_STATE_HOME'] || path.join(os.homedir(), '.local', 'state');
      const log = [path.join(state, 'rollcall'), os.tmpdir()]
        .map(folder => path.join(folder, 'rollcall.log'))
        .find(file => append(fs, path.dirname(file), file, stack));
      const what = String(error instanceof Error ? error.message : error).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
      lastWords(fs, `rollcall: a bug of ours: ${what} (${log === undefined ? stack : `details in ${log}`})\n`);
    })
    .then(
      () => process.exit(BUG),
      () => process.exit(BUG),
    );
}

function append(fs: typeof import('node:fs'), folder: string, file: string, stack: string): boolean {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.appendFileSync(file, `${new Date().toISOString()} node ${process.version} pid ${process.pid}\n${stack}\n`, { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes when everybody else is done: the console gives the screen back when the process tells that it exits, and would
 * take this line with it. `reallyExit` is what Node calls after that.
 */
function lastWords(fs: typeof import('node:fs'), line: string): void {
  const ending = process as unknown as { reallyExit: (code?: number) => never };
  const exit = ending.reallyExit;
  ending.reallyExit = code => {
    fs.writeSync(2, line);
    return exit.call(process, code);
  };
}

// The only place that asks on the terminal without showing what is typed. It speaks to /dev/tty, so that pipes stay what they are.
import { openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { fail, ok, type Result } from '../domain/result.ts';

export type Asking = {
  /** What to do where there is no terminal. */
  readonly instead?: string;
  /** Whether what is typed is shown. */
  readonly echo?: boolean;
  /** The question is over: somebody else has answered, or nobody has to any more. */
  readonly signal?: AbortSignal;
};

/** Asks once. @failure needs-person where there is no terminal, or when the question was left; `facts.key` tells by which key */
export const askHidden = async (
  question: string,
  { instead = 'name a file instead', echo = false, signal }: Asking = {},
): Promise<Result<string>> => {
  let descriptor: number;
  try {
    descriptor = openSync('/dev/tty', 'r+');
  } catch {
    return fail({ tag: 'needs-person', cause: `"${question.trim()}" has to be typed, and there is no terminal; ${instead}` });
  }
  // Its tables take longer to make than most commands, and few of them ask.
  const { charactersOf } = await import('../app/style.ts');
  const terminal = new ReadStream(descriptor);
  terminal.setRawMode(true);
  writeSync(descriptor, question);
  let left = '';
  const typed = await new Promise<string | undefined>(done => {
    let text = '';
    terminal.on('data', (chunk: Buffer) => {
      for (const character of charactersOf(chunk.toString('utf8'))) {
        if (character === '\r' || character === '\n' || character === '\r\n') return done(text);
        if (character === '\x03' || character === '\x04') {
          left = character === '\x03' ? 'Ctrl-C' : 'Ctrl-D';
          return done(undefined);
        }
        if (character === '\x15') text = '';
        else if (character === '\x7f' || character === '\b') text = charactersOf(text).slice(0, -1).join('');
        else if (character >= ' ') text += character;
        if (echo && character >= ' ') writeSync(descriptor, character === '\x7f' ? '\b \b' : character);
      }
    });
    terminal.on('error', () => done(undefined));
    if (signal?.aborted === true) done(undefined);
    // Whoever ends the question may end the process next: the terminal is given back before.
    signal?.addEventListener('abort', () => {
      terminal.setRawMode(false);
      done(undefined);
    });
  });
  writeSync(descriptor, '\n');
  terminal.setRawMode(false);
  // The stream owns the descriptor; whoever asks next opens another once this one is closed.
  await new Promise(closed => terminal.once('close', closed).destroy());
  if (typed !== undefined) return ok(typed);
  return fail({ tag: 'needs-person', cause: `"${question.trim()}" was not answered`, ...(left !== '' && { facts: { key: left } }) });
};

// The only place that asks for a secret on the terminal before anything starts; what is typed is not shown.
// The console asks in its own screen, a driver through its clients.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { fail, ok, type Result } from '../domain/result.ts';

/** @failure needs-person without a terminal, or when the question was left */
export const askHidden = async (question: string): Promise<Result<string>> => {
  if (!process.stdin.isTTY)
    return fail({ tag: 'needs-person', cause: `"${question.trim()}" has to be typed, and there is no terminal; name a file instead` });
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
  process.stderr.write(question);
  try {
    const leave = new AbortController();
    lines.once('SIGINT', () => leave.abort());
    lines.once('close', () => leave.abort());
    return ok(await lines.question('', { signal: leave.signal }));
  } catch {
    return fail({ tag: 'needs-person', cause: `"${question.trim()}" was not answered` });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
};

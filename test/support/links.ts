// The only place for how tests follow links and wait for facts: a bounded wait, never a sleep that hopes.
import { setTimeout as delay } from 'node:timers/promises';
import type { Link, Push } from '../../src/driver/protocol.ts';
import { notedRun } from './tiny-driver.ts';

/** Resolves once it is true. @throws Error after `within` ms */
export const until = async (isTrue: () => boolean, within = 30_000): Promise<void> => {
  for (const end = Date.now() + within; !isTrue(); await delay(5)) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${isTrue}`);
  }
};

/** Everything that the link pushes, as it comes. */
export const pushed = (link: Link): Push[] => {
  const pushes: Push[] = [];
  link.onPush(push => pushes.push(push));
  return pushes;
};

/** The notes that a client knows of by now: its last snapshot's and those that came after it. */
export const notes = (pushes: readonly Push[]): readonly string[] => {
  let known: string[] = [];
  for (const push of pushes) {
    if (push.kind === 'snapshot') known = push.state.runs.get(notedRun)?.notes.map(note => note.text) ?? [];
    if (push.kind === 'events') for (const event of push.events) if (event.type === 'run.noted') known.push(event.text);
  }
  return known;
};

/** Ends a process that this test started, and returns when it has gone. */
export const endDriver = async (pid: number): Promise<void> => {
  const isThere = (): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  if (isThere()) process.kill(pid, 'SIGKILL');
  await until(() => !isThere());
};

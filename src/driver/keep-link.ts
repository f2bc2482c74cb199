// The only place that outlives a driver: when the link is gone it reaches for a driver at once, which starts a new one,
// and goes on with its fresh snapshot. What was asked and not answered is asked again where twice means once; else it
// fails: nobody knows whether it was done.
import { randomUUID } from 'node:crypto';
import type { TurnedDown } from '../domain/need.ts';
import { fail, type Result } from '../domain/result.ts';
import { pushesInOrder } from './link.ts';
import { type After, afterByTimer } from './ports.ts';
import type { Answers, Ask, Link, Push } from './protocol.ts';

export type KeepSetting = {
  /** Connects, starting a driver where there is none; it is told which runs are this client's. */
  readonly reach: (owned: readonly string[]) => Promise<Result<Link>>;
  readonly after?: After;
  readonly newSubmission?: () => string;
};

/** What may be asked twice: a submission carries a name of its own, the others say how things are to be. */
const twiceIsOnce: ReadonlySet<Ask['verb']> = new Set([
  'submit',
  'pause',
  'resume',
  'abort',
  'cancel',
  'ask',
  'output',
  'status',
  'watch',
  'mirror',
  'entrust',
  'answer',
]);

/** Pause after the first failed try, ms; doubled up to {@link longestPause}. */
const firstPause = 500;
const longestPause = 10_000;

type Ends = { readonly kind: 'linked'; readonly link: Link } | { readonly kind: 'reaching'; readonly next: Promise<Result<Link>> };

/**
 * A link that is made again whenever it is gone. It pushes `gone`, then the new driver's snapshot.
 * Questions asked in between wait for the new driver, and those that twice is once for are asked again.
 * @failure whatever the first `reach` fails with
 */
export const keepLink = async ({ reach, after = afterByTimer, newSubmission = randomUUID }: KeepSetting): Promise<Result<Link>> => {
  const owned: string[] = [];
  const first = await reach(owned);
  if (!first.ok) return first;
  const pushes = pushesInOrder();
  let status = first.value.status;
  let ends: Ends = { kind: 'linked', link: first.value };
  let closed = false;
  let disarm = (): void => {};
  let watched: Extract<Ask, { verb: 'watch' }> | undefined;
  /** A driver that takes over has not been told, nor does it know what was turned down since. */
  const entrusted: { readonly given: Extract<Ask, { verb: 'entrust' }>; readonly turnedDown: TurnedDown[] }[] = [];

  const attach = (link: Link): void => {
    status = link.status;
    ends = { kind: 'linked', link };
    link.onPush(push => {
      if (push.kind === 'turned-down') for (const one of entrusted) one.turnedDown.push(push.turnedDown);
      else pushes.push(push);
      if (push.kind === 'gone') again(firstPause);
    });
  };

  /** One try at once; after a failed one the next a little later, until there is a driver or we are closed. */
  const again = (pause: number): void => {
    if (closed) return;
    const next = reach(owned).then(result => {
      if (closed) {
        if (result.ok) result.value.close();
        return fail({ tag: 'driver-gone' as const, cause: 'closed here' });
      }
      if (result.ok) {
        attach(result.value);
        if (watched !== undefined) void result.value.ask(watched);
        for (const { given, turnedDown } of entrusted) void result.value.ask({ ...given, turnedDown });
      } else disarm = after(pause, () => again(Math.min(pause * 2, longestPause)));
      return result;
    });
    ends = { kind: 'reaching', next };
  };

  attach(first.value);
  const ask = async (question: Ask): Promise<Result<unknown>> => {
    if (question.verb === 'watch') watched = question;
    if (question.verb === 'entrust') entrusted.push({ given: question, turnedDown: [] });
    if (question.verb !== 'submit') return askOnce(question);
    const options = { ...question.options, submission: question.options.submission ?? newSubmission() };
    const answer = await askOnce({ ...question, options });
    if (answer.ok && options.askedFrom === 'headless') owned.push((answer.value as Answers['submit']).run);
    return answer;
  };

  const askOnce = async (question: Ask): Promise<Result<unknown>> => {
    for (;;) {
      const link = ends.kind === 'linked' ? { ok: true as const, value: ends.link } : await ends.next;
      if (!link.ok) return link;
      const answer = await link.value.ask(question);
      const isLost = !answer.ok && answer.failure.tag === 'driver-gone' && !closed;
      if (!isLost || (ends.kind === 'linked' && ends.link === link.value) || !twiceIsOnce.has(question.verb)) return answer;
    }
  };

  return {
    ok: true,
    value: {
      get status() {
        return status;
      },
      ask: ask as Link['ask'],
      onPush: (listener: (push: Push) => void) => pushes.listen(listener),
      close() {
        closed = true;
        disarm();
        if (ends.kind === 'linked') ends.link.close();
      },
    },
  };
};

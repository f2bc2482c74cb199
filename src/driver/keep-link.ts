// The only place that outlives a driver: when the link is gone it reaches for a driver at once, which starts a new one,
// and goes on with its fresh snapshot. What was asked and not answered fails: nobody knows whether it was done.
import { fail, type Result } from '../domain/result.ts';
import { pushesInOrder } from './link.ts';
import { type After, afterByTimer } from './ports.ts';
import type { Ask, Link, Push } from './protocol.ts';

export type KeepSetting = {
  /** Connects, starting a driver where there is none. */
  readonly reach: () => Promise<Result<Link>>;
  readonly after?: After;
};

/** Pause after the first failed try, ms; doubled up to {@link longestPause}. */
const firstPause = 500;
const longestPause = 10_000;

type Ends = { readonly kind: 'linked'; readonly link: Link } | { readonly kind: 'reaching'; readonly next: Promise<Result<Link>> };

/**
 * A link that is made again whenever it is gone. It pushes `gone`, then the new driver's snapshot.
 * Questions asked in between wait for the new driver.
 * @failure whatever the first `reach` fails with
 */
export const keepLink = async ({ reach, after = afterByTimer }: KeepSetting): Promise<Result<Link>> => {
  const first = await reach();
  if (!first.ok) return first;
  const pushes = pushesInOrder();
  let status = first.value.status;
  let ends: Ends = { kind: 'linked', link: first.value };
  let closed = false;
  let disarm = (): void => {};
  let watched: Extract<Ask, { verb: 'watch' }> | undefined;

  const attach = (link: Link): void => {
    status = link.status;
    ends = { kind: 'linked', link };
    link.onPush(push => {
      pushes.push(push);
      if (push.kind === 'gone') again(firstPause);
    });
  };

  /** One try at once; after a failed one the next a little later, until there is a driver or we are closed. */
  const again = (pause: number): void => {
    if (closed) return;
    const next = reach().then(result => {
      if (closed) {
        if (result.ok) result.value.close();
        return fail({ tag: 'driver-gone' as const, cause: 'closed here' });
      }
      if (result.ok) {
        attach(result.value);
        if (watched !== undefined) void result.value.ask(watched);
      } else disarm = after(pause, () => again(Math.min(pause * 2, longestPause)));
      return result;
    });
    ends = { kind: 'reaching', next };
  };

  attach(first.value);
  const ask = async (question: Ask): Promise<Result<unknown>> => {
    if (question.verb === 'watch') watched = question;
    if (ends.kind === 'linked') return ends.link.ask(question);
    const reached = await ends.next;
    return reached.ok ? reached.value.ask(question) : reached;
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

// The only place that gets a job started on a host, also as another user: without a password where none is asked for,
// else with one, sent only after the host has asked for it. A refused start has not begun and is asked for under the same jid.
import type { Failure } from '../domain/failure.ts';
import type { Account, Need, Outcome, Secrets } from '../domain/need.ts';
import { fail, type Result } from '../domain/result.ts';
import type { StartRequest } from '../engine/ports.ts';
import type { Identity, Request } from './frames.ts';
import type { Question } from './ports.ts';
import type { Reply } from './replies.ts';

/** Asks, and sends along what is asked for. */
export type Ask = (request: Request, answer?: Question['answer']) => Promise<Result<Reply>>;

/** Starts a job over one line. */
export type Begin = (start: StartRequest) => Promise<Result<Reply>>;

/** Output bytes per stream that a start brings along. */
const mostWithStart = 65_536;

/** Remembers which accounts are asked for a password, so that nobody is tried in vain twice. */
export const makeStarter = (by: Identity, secrets: Secrets) => {
  const asked = new Set<string>();
  return ({ ask, account }: { readonly ask: Ask; readonly account: Account }): Begin =>
    async start => {
      const most = start.most ?? mostWithStart;
      const { become } = start;
      if (become === undefined) return ask({ kind: 'start', start, by, most });
      const key = `${account.at} ${become.method} ${become.user}`;
      const first = await ask({ kind: 'start', start, by, most, as: asked.has(key) ? 'later' : 'now' });
      if (!first.ok || first.value.kind !== 'asks') return first;
      if (become.method === 'doas') return fail({ tag: 'become-refused', host: account.host, cause: doasAsks });
      asked.add(key);
      const need: Need = { kind: 'become', account, method: become.method, user: become.user };
      const taken = secrets.take(need);
      if (taken.kind === 'not-now') return fail(taken.failure);
      const [password = ''] = taken.values;
      let isSent = false;
      const reply = await ask({ kind: 'become', start, by, most }, () => {
        // A second request, with the runner along, must not try the same password twice.
        if (isSent || /[\n\0]/.test(password)) return undefined;
        isSent = true;
        return Buffer.from(`${password}\n`);
      });
      const outcome = isSent ? outcomeOf(reply) : 'unknown';
      taken.settle(outcome);
      if (outcome === 'refused') return fail(afterRefusal(secrets, need, reply));
      // Somebody has cleaned up between the two: nothing ran, and the whole start comes again.
      if (reply.ok && reply.value.kind === 'start' && reply.value.answer.kind === 'exists' && isUnknown(reply.value.answer)) {
        return fail({ tag: 'request-cut', host: account.host, cause: 'what was laid ready there is gone' });
      }
      return reply;
    };
};

const isUnknown = ({ report }: { readonly report: { readonly state: { readonly kind: string } } }): boolean =>
  report.state.kind === 'unknown';

const doasAsks = 'doas asks for a password, which it takes only from a terminal; permit it with nopass in doas.conf there';

/** Whether somebody is asked anew, or that was all. */
const afterRefusal = (secrets: Secrets, need: Need & { readonly kind: 'become' }, reply: Result<Reply>): Failure => {
  const again = secrets.take(need);
  if (again.kind === 'not-now') return again.failure;
  again.settle('unknown');
  return reply.ok ? { tag: 'password-refused', host: need.account.host, cause: '' } : { ...reply.failure, tag: 'waits-for-answer' };
};

/** Who is refused for want of rights has given the right password. */
const outcomeOf = (reply: Result<Reply>): Outcome => {
  if (reply.ok) return reply.value.kind === 'start' ? 'accepted' : 'unknown';
  if (reply.failure.tag === 'password-refused') return 'refused';
  return reply.failure.tag === 'become-refused' ? 'accepted' : 'unknown';
};

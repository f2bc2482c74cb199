// The only place for a client's end: hello, pushes in order, questions and their answers, and what becomes of them when the driver goes.
// It works over any pipe; connectDriver makes one over the driver's socket.
import { connect } from 'node:net';
import { fail, ok, type Result } from '../domain/result.ts';
import { type After, afterByTimer } from './ports.ts';
import { giveProof } from './proof.ts';
import { type Ask, type Hello, type Link, type Proven, type Push, type ServerLine, stateFrom } from './protocol.ts';
import { pathOfSocket } from './socket-place.ts';
import { encode, type Pipe, socketPipe } from './wire.ts';

/** A snapshot of five thousand jobs is long, and our own driver is trusted. */
const longestFromDriver = 512 * 1024 * 1024;

/** Why there is no link: nobody listens, or who listens will not have us. */
export type NoLink = { readonly why: 'nobody' } | { readonly why: 'refused'; readonly sentence: string };

export type LinkSetting = {
  readonly hello: Hello;
  /** How long the driver has to say welcome, ms. */
  readonly welcomeWithin?: number;
  readonly after?: After;
  /** Makes the file that proves who we are. @throws the file system's error */
  readonly prove?: (nonce: string) => void;
};

/** Connects to the driver that listens for the folder. */
export const tryDriver = async (stateDir: string, setting: LinkSetting): Promise<Result<Link, NoLink>> => {
  const path = pathOfSocket(stateDir);
  if (path === undefined) return fail({ why: 'nobody' });
  const socket = connect(path);
  const connected = await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  const prove = (nonce: string): void => giveProof(stateDir, nonce);
  return connected ? linkOver(socketPipe(socket, longestFromDriver), { ...setting, prove }) : fail({ why: 'nobody' });
};

/** {@link tryDriver} for commands that start no driver. @failure driver-gone, driver-refused */
export const connectDriver = async ({ stateDir, ...setting }: LinkSetting & { readonly stateDir: string }): Promise<Result<Link>> => {
  const link = await tryDriver(stateDir, setting);
  if (link.ok) return link;
  if (link.failure.why === 'refused') return fail({ tag: 'driver-refused', cause: link.failure.sentence });
  return fail({ tag: 'driver-gone', cause: `no driver is running for ${stateDir}` });
};

/** Says hello and resolves at the welcome. Pushes that come before the first listener are kept for it. */
export const linkOver = (pipe: Pipe, setting: LinkSetting): Promise<Result<Link, NoLink>> => {
  const { hello, welcomeWithin = 10_000, after = afterByTimer } = setting;
  const questions = new Map<number, (result: Result<unknown>) => void>();
  const pushes = pushesInOrder();
  let lastId = 0;
  let over: 'open' | 'closed-here' | 'gone' = 'open';

  return new Promise(settle => {
    const late = after(welcomeWithin, () => {
      pipe.drop();
      settle(fail({ why: 'refused', sentence: `the driver does not answer (it was given ${welcomeWithin / 1000} s)` }));
    });

    const link = (status: Link['status']): Link => ({
      status,
      ask: ask as Link['ask'],
      onPush: pushes.listen,
      close() {
        if (over === 'open') over = 'closed-here';
        pipe.end();
        answerAll();
      },
    });

    const ask = (question: Ask): Promise<Result<unknown>> => {
      if (over !== 'open') return Promise.resolve(gone);
      lastId += 1;
      const answered = new Promise<Result<unknown>>(answer => questions.set(lastId, answer));
      pipe.send(encode({ id: lastId, ask: question }));
      return answered;
    };

    const answerAll = (): void => {
      for (const answer of questions.values()) answer(gone);
      questions.clear();
    };

    const take = (message: ServerLine): void => {
      if ('prove' in message) {
        try {
          setting.prove?.(message.prove);
          pipe.send(encode({ proven: message.prove } satisfies Proven));
        } catch (error) {
          late();
          pipe.drop();
          settle(fail({ why: 'refused', sentence: `it asks who we are, and we cannot tell: ${(error as Error).message}` }));
        }
      } else if ('welcome' in message) {
        late();
        settle(ok(link(message.status)));
      } else if ('refused' in message) {
        late();
        settle(fail({ why: 'refused', sentence: message.refused }));
      } else if ('id' in message) {
        questions.get(message.id)?.('failure' in message ? fail(message.failure) : ok(message.value));
        questions.delete(message.id);
      } else if ('snapshot' in message) pushes.push({ kind: 'snapshot', state: stateFrom(message.snapshot) });
      else if ('events' in message) pushes.push({ kind: 'events', events: message.events, sightings: message.sightings });
      else if ('questions' in message) pushes.push({ kind: 'questions', questions: message.questions });
      else if ('turnedDown' in message) pushes.push({ kind: 'turned-down', turnedDown: message.turnedDown });
      else if ('banner' in message) pushes.push({ kind: 'banner', failure: message.banner ?? undefined });
    };

    pipe.listen({
      line: value => take(value as ServerLine),
      garbage: () => pipe.drop(),
      closed() {
        late();
        const goneNow = over === 'open';
        if (goneNow) over = 'gone';
        answerAll();
        if (goneNow) pushes.push({ kind: 'gone' });
        settle(fail({ why: 'nobody' }));
      },
    });
    pipe.send(encode(hello));
  });
};

const gone: Result<never> = fail({ tag: 'driver-gone', cause: 'the driver closed the line' });

/** Tells listeners of pushes in order; keeps them until there is a first listener. */
export const pushesInOrder = (): { push(push: Push): void; listen(listener: (push: Push) => void): () => void } => {
  const listeners = new Set<(push: Push) => void>();
  let kept: Push[] | undefined = [];
  return {
    push(push) {
      if (kept !== undefined) kept.push(push);
      else for (const listener of listeners) listener(push);
    },
    listen(listener) {
      listeners.add(listener);
      const before = kept ?? [];
      kept = undefined;
      for (const push of before) listener(push);
      return () => listeners.delete(listener);
    },
  };
};

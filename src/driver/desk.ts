// The only place that serves clients: hello, snapshot, then every event after it without gap or repeat, and answers to what they ask.
// It knows pipes, not sockets. Events are gathered for some milliseconds and go out as one line, made once for all clients.
import type { Event, Sighting } from '../domain/event.ts';
import { type After, afterByTimer, type ClientInfo, type DriverPort } from './ports.ts';
import { type Ask, type Hello, protocolVersion, type ServerLine, snapshotOf } from './protocol.ts';
import { encode, type Pipe } from './wire.ts';

export type DeskSetting = {
  readonly driver: DriverPort;
  /** How long events are gathered, ms. */
  readonly flushEvery?: number;
  /** A client that leaves so many bytes untaken is dropped. */
  readonly mostPending?: number;
  /** Whoever connects has so long to say hello, ms. */
  readonly helloWithin?: number;
  readonly after?: After;
  /** In a group's folder: what a client must prove. `who` is the hello with what was proven, undefined where nothing was. */
  readonly prove?: { readonly nonce: () => string; readonly who: (hello: Hello, nonce: string) => Promise<Hello | undefined> };
  /** A verb that threw; the client is dropped. */
  readonly onBug: (error: unknown) => void;
};

/** Serves clients of one driver. */
export type Desk = {
  join(pipe: Pipe): void;
  /** Clients that said hello and have not gone. */
  clients(): number;
  /** Sends what was gathered and ends every pipe. */
  close(): void;
};

/** A client that said hello. `from`: bytes of the snapshot, which do not count against it. */
type Seated = { readonly info: ClientInfo; readonly pipe: Pipe; readonly from: number };

/** How long clients have to take what was sent to them at the end, ms. */
const endWithin = 1000;

export const openDesk = (setting: DeskSetting): Desk => {
  const { driver, flushEvery = 30, mostPending = 64 * 1024 * 1024, helloWithin = 10_000, after = afterByTimer, prove, onBug } = setting;
  const pipes = new Set<Pipe>();
  const seated = new Map<Pipe, Seated>();
  let lastId = 0;

  /** Memory here is not the place for what a client does not read. */
  const send = ({ pipe, from }: Seated, line: string): void => {
    if (pipe.pending() > mostPending + from) pipe.drop();
    else pipe.send(line);
  };

  const tellAll = (message: ServerLine): void => {
    let line: string | undefined;
    for (const client of seated.values()) {
      if (client.info.hello.wants !== 'state') continue;
      line ??= encode(message);
      send(client, line);
    }
  };
  const gathered = gatherer(flushEvery, after, tellAll);

  const unsubscribe = driver.subscribe(news => {
    if (news.kind === 'events') return gathered.add(news.events, news.sightings);
    gathered.flush();
    if (news.kind === 'banner') tellAll({ banner: news.failure ?? null });
    else tellAll(news.kind === 'questions' ? { questions: news.questions } : { turnedDown: news.turnedDown });
  });

  const seat = (pipe: Pipe, hello: Hello): Seated => {
    lastId += 1;
    const info = { id: lastId, hello };
    // What was gathered is in the snapshot already: it goes to the others first.
    gathered.flush();
    pipe.send(encode({ welcome: protocolVersion, status: driver.status() } satisfies ServerLine));
    let from = 0;
    if (hello.wants === 'state') {
      const line = encode({ snapshot: snapshotOf(driver.state()) } satisfies ServerLine);
      from = line.length;
      pipe.send(line);
      const banner = driver.banner();
      if (banner !== undefined) pipe.send(encode({ banner } satisfies ServerLine));
      const questions = driver.questions();
      if (questions.length > 0) pipe.send(encode({ questions } satisfies ServerLine));
    }
    const client = { info, pipe, from };
    seated.set(pipe, client);
    driver.clientCame(info);
    return client;
  };

  const refuse = (pipe: Pipe, refused: string): void => {
    pipe.send(encode({ refused } satisfies ServerLine));
    pipe.end();
  };

  const serve = async (client: Seated, { id, ask }: { readonly id: number; readonly ask: Ask }): Promise<void> => {
    try {
      const result = await driver.handle(ask, client.info);
      // Whoever gets the answer has seen what came of the asking.
      gathered.flush();
      send(client, encode(result.ok ? { id, value: result.value ?? null } : { id, failure: result.failure }));
    } catch (error) {
      client.pipe.drop();
      onBug(error);
    }
  };

  return {
    join(pipe) {
      pipes.add(pipe);
      const silent = after(helloWithin, () => pipe.drop());
      let client: Seated | undefined;
      let asked: { readonly hello: Hello; readonly nonce: string } | undefined;
      let refused = false;
      const turnAway = (why: string): void => {
        refused = true;
        refuse(pipe, why);
      };
      const proven = async (hello: Hello, nonce: string): Promise<void> => {
        const who = await prove?.who(hello, nonce).catch(() => undefined);
        silent();
        if (who === undefined) turnAway("this folder is a group's, and who you are was not proven");
        else if (pipes.has(pipe)) client = seat(pipe, who);
      };
      pipe.listen({
        line(value) {
          if (refused) return;
          if (client !== undefined) {
            if (isAsking(value)) void serve(client, value);
            else turnAway('that is no question');
            return;
          }
          if (asked !== undefined) {
            const { hello, nonce } = asked;
            if (!isProven(value, nonce)) turnAway('prove who you are first');
            else void proven(hello, nonce);
            asked = undefined;
            return;
          }
          if (prove !== undefined && isHello(value) && value.hello === protocolVersion) {
            asked = { hello: value, nonce: prove.nonce() };
            pipe.send(encode({ prove: asked.nonce } satisfies ServerLine));
            return;
          }
          silent();
          if (!isHello(value)) turnAway('say hello first');
          else if (value.hello !== protocolVersion) turnAway(otherVersion(value.hello));
          else client = seat(pipe, value);
        },
        garbage: turnAway,
        closed() {
          silent();
          pipes.delete(pipe);
          if (client !== undefined && seated.delete(pipe)) driver.clientGone(client.info);
        },
      });
    },
    clients: () => seated.size,
    close() {
      gathered.flush();
      unsubscribe();
      for (const pipe of pipes) pipe.end();
      // Who does not read does not keep us.
      after(endWithin, () => {
        for (const pipe of pipes) pipe.drop();
      });
    },
  };
};

/** Gathers news and sends it as one line. Sightings never overtake, nor are overtaken by, an event of their job. */
const gatherer = (flushEvery: number, after: After, send: (message: ServerLine) => void) => {
  let events: Event[] = [];
  let sightings = new Map<string, Sighting>();
  let disarm: (() => void) | undefined;

  const flush = (): void => {
    disarm?.();
    disarm = undefined;
    if (events.length === 0 && sightings.size === 0) return;
    const message = { events, sightings: [...sightings.values()] };
    events = [];
    sightings = new Map();
    send(message);
  };

  return {
    flush,
    add(newEvents: readonly Event[], newSightings: readonly Sighting[]): void {
      // A line is read events first; so an event that comes after a sighting of its job begins a new one.
      if (newEvents.some(event => 'jid' in event && sightings.has(event.jid))) flush();
      for (const event of newEvents) events.push(event);
      for (const sighting of newSightings) sightings.set(sighting.type === 'job.seen' ? sighting.jid : sighting.type, sighting);
      disarm ??= after(flushEvery, flush);
    },
  };
};

const otherVersion = (theirs: number): string =>
  `this driver speaks protocol ${protocolVersion} and you speak ${theirs}: another version of rollcall is driving here; wait until it has ended, or stop it`;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isHello = (value: unknown): value is Hello =>
  isRecord(value) &&
  typeof value['hello'] === 'number' &&
  isRecord(value['actor']) &&
  (value['client'] === 'console' || value['client'] === 'headless' || value['client'] === 'command') &&
  (value['wants'] === 'state' || value['wants'] === 'nothing');

const isProven = (value: unknown, nonce: string): boolean => isRecord(value) && value['proven'] === nonce;

const isAsking = (value: unknown): value is { readonly id: number; readonly ask: Ask } =>
  isRecord(value) && typeof value['id'] === 'number' && isRecord(value['ask']) && typeof value['ask']['verb'] === 'string';

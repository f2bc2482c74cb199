// The only place for the people and programs at a driver of the fault worlds: who submits and asks again when no answer
// came, who presses keys, who vanishes. It remembers what was acknowledged, so that it can be held to it.
import { isDeepStrictEqual } from 'node:util';
import type { Actor, Event, Fleet, RunOptions } from '../../src/domain/event.ts';
import { isOutstanding, type Jid } from '../../src/domain/job.ts';
import type { ClientInfo } from '../../src/driver/ports.ts';
import type { Ask, Selection } from '../../src/driver/protocol.ts';
import type { Life } from './life.ts';
import type { Disk } from './memory-disk.ts';
import type { Scene } from './scene.ts';
import type { Key, Submission } from './world.ts';

const actor: Actor = { user: 'ops1', machine: 'bastion1' };

/** The event of something that was acknowledged, and its place in the journal: it must stay there. */
type Acknowledged = { readonly what: string; readonly disk: Disk; readonly place: number; readonly event: Event };

/** What an acknowledged verb leaves in the journal. Looks and watching leave nothing. */
const traces: Readonly<Record<string, readonly Event['type'][]>> = {
  submit: ['run.queued'],
  pause: ['run.paused'],
  resume: ['run.resumed'],
  abort: ['run.aborted'],
  cancel: ['job.cancel-asked', 'run.aborted', 'task.ended'],
  retry: ['run.retried'],
  extend: ['job.extend-asked'],
};

type Client = {
  readonly submission: Submission;
  readonly info: ClientInfo;
  run: string | undefined;
  gone: boolean;
  /** Whom it asked; on another machine it is another client. */
  asked: Disk | undefined;
};

export class Clients {
  readonly #scene: Scene;
  readonly #clients: Client[] = [];
  readonly #acknowledged: Acknowledged[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A driver listens: whoever got no answer asks again, and headless clients say which runs are theirs. */
  greet(life: Life): void {
    for (const client of this.#clients) {
      if (client.gone) continue;
      const owns = client.run === undefined ? [] : [client.run];
      life.driver.clientCame({
        ...client.info,
        hello: { ...client.info.hello, owns: client.info.hello.client === 'headless' ? owns : [] },
      });
      if (client.run === undefined && (client.asked ?? life.disk) === life.disk) this.#send(client);
    }
  }

  submit(submission: Submission): void {
    const { askedFrom } = submission;
    const info: ClientInfo = { id: this.#clients.length + 1, hello: { hello: 1, actor, client: askedFrom, wants: 'state' } };
    const client: Client = { submission, info, run: undefined, gone: false, asked: undefined };
    this.#clients.push(client);
    const { current } = this.#scene;
    if (!isListening(current)) return;
    current.driver.clientCame(info);
    this.#send(client);
  }

  /** A client that was told its run and is still there. */
  served(askedFrom?: Submission['askedFrom']): Client | undefined {
    return this.#clients.find(
      ({ submission, run, gone }) => run !== undefined && !gone && submission.askedFrom === (askedFrom ?? submission.askedFrom),
    );
  }

  /** As a client that never heard the answer. */
  submitAgain(client: Client): void {
    this.#send(client);
  }

  vanish(client: Client): void {
    client.gone = true;
    const { current } = this.#scene;
    if (isListening(current)) current.driver.clientGone(client.info);
  }

  press({ verb, which }: Key): void {
    const { current } = this.#scene;
    if (!isListening(current)) return;
    const state = current.driver.state();
    const run = nth([...state.runs.keys()], which);
    const jid = nth([...state.jobs.keys()], which);
    const host = nth([...this.#scene.hosts.keys()], which);
    if (run === undefined) return;
    const on: Selection = which % 7 === 0 ? {} : { run };
    const asked = askOf(verb, { on, run, host, jids: jid === undefined ? [] : [jid] });
    if (asked !== undefined) this.#ask(asked);
  }

  /** What an operator does when it is calm again. */
  async bringHome(what: 'resume' | 'retry' | 'ask'): Promise<void> {
    const { driver } = this.#scene.current;
    const info: ClientInfo = { id: 999, hello: { hello: 1, actor, client: 'command', wants: 'nothing' } };
    const jids: Jid[] = [...driver.state().jobs.values()].filter(isOutstanding).map(({ jid }) => jid);
    if (what === 'retry') this.#ask({ verb: 'retry', on: {}, which: 'both' });
    else if (what === 'resume') this.#ask({ verb: 'resume', on: {} });
    else this.#handle(this.#scene.current, { verb: 'ask', on: { jids } }, info);
  }

  judge(): readonly string[] {
    const lost = this.#acknowledged.flatMap(({ what, disk, place, event }) => {
      if (isDeepStrictEqual(disk.events()[place], event)) return [];
      return [`lost: ${what} had been acknowledged, and the journal does not know of it any more`];
    });
    const twice = this.#clients.flatMap(({ submission }) => {
      const runs = [...this.#scene.current.driver.state().runs.values()].filter(({ options }) => options.submission === submission.id);
      return runs.length > 1 ? [`law 2: ${submission.id} was queued ${runs.length} times`] : [];
    });
    const unasked = this.#scene.current.disk.events().filter(event => event.type === 'run.paused' && event.why === 'client-vanished');
    const vanished = this.#clients.filter(({ submission, gone }) => gone && submission.askedFrom === 'headless');
    const held = unasked.length > 0 && vanished.length === 0 ? ['law 7: a run was held though no headless client had vanished'] : [];
    return [...new Set([...lost, ...twice, ...held])];
  }

  #send(client: Client): void {
    const { submission, info } = client;
    const { current, world } = this.#scene;
    if (isListening(current)) client.asked = current.disk;
    const fleet: Fleet = { id: 'f1', label: 'TEST', source: 'test', practice: 'no', hosts: world.hosts.map(planned) };
    const options = optionsOf(submission);
    this.#handle(current, { verb: 'submit', fleet, plan: submission.plan, options }, info, value => {
      const { run } = value as { readonly run: string };
      if (client.run !== undefined && client.run !== run) this.#scene.blame(`law 2: ${submission.id} became two runs`);
      client.run = run;
    });
  }

  #ask(ask: Ask): void {
    const client = this.#clients.find(({ gone }) => !gone)?.info ?? {
      id: 998,
      hello: { hello: 1, actor, client: 'command', wants: 'nothing' },
    };
    this.#handle(this.#scene.current, ask, client);
  }

  #handle(life: Life, ask: Ask, info: ClientInfo, onAnswer: (value: unknown) => void = () => {}): void {
    if (!isListening(life)) return;
    const { tell } = this.#scene;
    const what = `${ask.verb} ${JSON.stringify('on' in ask ? ask.on : {})}`;
    tell(`operator: ${what}`);
    void life.driver.handle(ask, info).then(answer => {
      if (life.state === 'dead') return;
      if (!answer.ok) return tell(`answer to ${what}: ${answer.failure.cause}`);
      onAnswer(answer.value);
      if ((answer.value as { readonly touched?: number }).touched === 0) return;
      const events = life.disk.events();
      const place = events.findLastIndex(({ type }) => traces[ask.verb]?.includes(type));
      if (place >= 0) this.#acknowledged.push({ what, disk: life.disk, place, event: events[place] as Event });
    });
  }
}

type Meant = { readonly on: Selection; readonly run: string; readonly host: string | undefined; readonly jids: readonly Jid[] };

const askOf = (verb: Key['verb'], { on, run, host, jids }: Meant): Ask | undefined => {
  switch (verb) {
    case 'pause':
    case 'resume':
    case 'abort':
      return { verb, on };
    case 'cancel-run':
      return { verb: 'cancel', on };
    case 'cancel-host':
      return { verb: 'cancel', on: { run, hosts: host === undefined ? [] : [host] } };
    case 'cancel':
    case 'ask':
      return jids.length === 0 ? undefined : { verb, on: { jids } };
    case 'extend':
      return jids.length === 0 ? undefined : { verb, on: { jids }, by: 30 };
    case 'watch':
      return { verb, jids };
    case 'retry':
      return { verb, on, which: 'both' };
  }
};

const isListening = (life: Life): boolean => life.state === 'awake' && life.begun;

const planned = (name: string): Fleet['hosts'][number] => ({
  name,
  address: { name, host: name, port: 22, user: 'x', identityFiles: [], knownHostsFiles: [], strictHostKeyChecking: 'yes' },
  gate: name,
  groups: [],
  vars: {},
});

const optionsOf = ({ id, forks, giveUp, poll, askedFrom }: Submission): RunOptions => ({
  forks,
  giveUp,
  grace: 30,
  cap: 8 << 20,
  log: 'yes',
  template: 'yes',
  askedFrom,
  argv: [],
  results: 'registered',
  extraVars: {},
  submission: id,
  ...(poll !== undefined && { poll }),
});

const nth = <T>(of: readonly T[], which: number): T | undefined => of[which % Math.max(1, of.length)];

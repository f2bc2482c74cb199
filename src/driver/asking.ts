// The only place that knows who could answer what hosts want to be told, and that tells clients what is asked.
// Values go from here to the keeper and nowhere else.

import type { Actor, Fleet } from '../domain/event.ts';
import { type Account, type Question, questionName, wanted } from '../domain/need.ts';
import { fail, type Result } from '../domain/result.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../engine/ports.ts';
import type { Draft, Spine } from '../engine/spine.ts';
import type { DriverNews } from './ports.ts';
import type { Ask, Touched } from './protocol.ts';
import { Realms } from './realms.ts';
import type { Keeper } from './secrets.ts';
import { touched } from './steering.ts';

export type AskingParts = {
  /** Absent: nothing is ever asked. */
  readonly secrets?: Keeper;
  readonly spine: Pick<Spine, 'state' | 'emit'>;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly tell: (news: DriverNews) => void;
};

/** Changes are gathered for so long before clients are told what is asked, ms. */
const gatheredFor = 100;

export class Asking {
  readonly #parts: AskingParts;
  /** Clients whose people can be asked. */
  readonly #consoles = new Set<number>();
  /** Runs of an earlier driver, which may have known what this one lacks: they wait for somebody to come. */
  readonly #inherited = new Set<string>();
  readonly #realms = new Realms();
  #fleetsKnown = 0;
  #told: readonly Question[] = [];
  /** Written down as asked, by run. */
  #noted = new Set<string>();
  #disarm: (() => void) | undefined;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    parts.secrets?.onTurnedDown(turnedDown => parts.tell({ kind: 'turned-down', turnedDown }));
    for (const { id, phase } of parts.spine.state.runs.values()) if (phase.kind !== 'ended') this.#inherited.add(id);
  }

  get questions(): readonly Question[] {
    return this.#told;
  }

  came(client: number): void {
    this.#consoles.add(client);
    this.#parts.secrets?.changed();
  }

  gone(client: number): void {
    if (this.#consoles.delete(client)) this.#parts.secrets?.changed();
  }

  /** A console is open, or the run is one that waits until one is: it was begun in a console, or before this driver. */
  canAsk(): boolean {
    if (this.#consoles.size > 0) return true;
    for (const { id, phase, options, origin } of this.#parts.spine.state.runs.values()) {
      if (phase.kind === 'ended' || origin !== undefined) continue;
      if (options.askedFrom === 'console' || this.#inherited.has(id)) return true;
    }
    return false;
  }

  /** The inventory that an account was read from; of a jump host that is in none, the account alone. */
  realmOf(account: Account): string {
    const { fleets } = this.#parts.spine.state;
    if (fleets.size !== this.#fleetsKnown) {
      this.#fleetsKnown = fleets.size;
      for (const fleet of fleets.values()) this.#realms.learn(fleet);
    }
    return this.#realms.of(account);
  }

  /** A fleet is to be looked at of which no run is: what is given for it has to be found, and what was declined is asked once more. */
  meet(fleet: Fleet): void {
    this.#realms.learn(fleet);
    this.#parts.secrets?.reconsider();
  }

  /** What a client knows, or what somebody has typed. */
  handle(ask: Extract<Ask, { verb: 'entrust' | 'answer' }>, by: Actor): Result<Touched> {
    const { secrets } = this.#parts;
    if (secrets === undefined) return fail({ tag: 'bad-input', cause: 'this driver asks nobody' });
    if (ask.verb === 'entrust') {
      secrets.entrust(ask.secrets, ask.turnedDown);
      return touched(ask.secrets.length);
    }
    const answered = this.#told.filter(({ id }) => ask.questions.includes(id));
    const open = secrets.answer(ask.questions, 'values' in ask ? ask.values : undefined);
    const answer = 'values' in ask ? 'given' : 'declined';
    if (open > 0) this.#note(answered.flatMap(one => this.#perRun(one).map(told => ({ type: 'question.answered', ...told, answer, by }))));
    this.look();
    return touched(open);
  }

  /** Something happened: what is asked may have changed. */
  soon(): void {
    if (this.#parts.secrets === undefined) return;
    this.#disarm ??= this.#parts.clock.after(gatheredFor, () => this.look());
  }

  /** Tells clients what is asked, if that has changed. */
  look(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    const { secrets, engine, tell } = this.#parts;
    const questions = secrets?.questions(engine.waiting()) ?? [];
    if (JSON.stringify(questions) === JSON.stringify(this.#told)) return;
    this.#told = questions;
    tell({ kind: 'questions', questions });
    if (this.canAsk()) this.#noteAsked();
  }

  /** Once for each run and question, however many hosts come to wait for it. */
  #noteAsked(): void {
    const asked = this.#told.flatMap(one => this.#perRun(one).map(told => ({ name: `${told.run} ${questionName(one)}`, told })));
    this.#note(asked.filter(({ name }) => !this.#noted.has(name)).map(({ told }) => ({ type: 'question.asked', ...told })));
    this.#noted = new Set(asked.map(({ name }) => name));
  }

  /** What is written of a question: of each run that goes on, those of its hosts that wait. */
  #perRun({ need, hosts }: Question): readonly { readonly run: string; readonly about: string; readonly hosts: readonly string[] }[] {
    const runs = [...this.#parts.spine.state.runs.values()].filter(({ phase }) => phase.kind !== 'ended');
    return runs.flatMap(run => {
      const ours = hosts.filter(host => run.hosts.has(host));
      return ours.length === 0 ? [] : [{ run: run.id, about: wanted(need), hosts: ours }];
    });
  }

  #note(events: readonly Draft[]): void {
    if (events.length > 0) void this.#parts.spine.emit({ events });
  }

  stop(): void {
    this.#disarm?.();
    this.#parts.secrets?.wipe();
  }
}

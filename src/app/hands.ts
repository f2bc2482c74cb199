// The only place that says what a key may do: the handful of verbs through which commands and dialogs change the view or ask the driver.
// The session implements it; commands and dialogs know nothing else of the session.
import type { Failure } from '../domain/failure.ts';
import type { Answers, Ask } from '../driver/protocol.ts';
import type { Console, Mode, Opened, View } from './console-state.ts';

/** Hosts that a typed pattern means, or the sentence why none. */
export type ChooseHosts = (
  pattern: string,
) =>
  | { readonly ok: true; readonly value: { readonly hosts: readonly string[]; readonly warnings: readonly string[] } }
  | { readonly ok: false; readonly failure: Failure };

/** A typed task that has been confirmed. */
export type TypedTask = {
  readonly hosts: readonly string[];
  readonly pattern: string;
  readonly command: string;
  /** `first-one`: one host, then the rest when it is ok. */
  readonly pace: 'first-one' | 'all-at-once';
};

/** Makes the request of a typed task; whoever composes the console knows inventories and settings. */
export type PlanTask = (task: TypedTask) => Extract<Ask, { readonly verb: 'submit' }>;

/** Makes the request that asks hosts for jobs begun elsewhere. */
export type PlanAdoption = (hosts: readonly string[], become: 'yes' | 'no') => Extract<Ask, { readonly verb: 'adopt' }>;

/** What commands and dialogs work with. */
export type Hands = {
  see(): Console;
  set(change: Partial<View>): void;
  /** Says something in the hint row until the next key, or for some seconds; the empty text takes it away. */
  toast(text: string): void;
  open(mode: Mode): void;
  /** Replaces the mode on top. */
  swap(mode: Mode): void;
  close(): void;
  /** Now, for a dialog that opens. */
  opened(): Opened;
  /** Asks the driver; `told` makes the toast of the answer. */
  ask<V extends Ask['verb']>(ask: Extract<Ask, { readonly verb: V }>, told: (answer: Answers[V]) => string): void;
  submit(task: TypedTask): void;
  /** Asks hosts for jobs begun elsewhere; `told` makes the toast of the answer. */
  adopt(
    hosts: readonly string[],
    become: 'yes' | 'no',
    then: { readonly told: (adoption: Answers['adopt']) => string; readonly failed: (sentence: string) => void },
  ): void;
  chooseHosts: ChooseHosts;
  /** Commands typed before, the newest first. */
  typedBefore(): readonly string[];
  /** Loads the whole log of the job that is open, or the part of it that follows. */
  loadWhole(): void;
  /** Back to the end of that log. */
  loadEnd(): void;
  leave(): void;
  terminal(what: 'redraw' | 'suspend'): void;
};

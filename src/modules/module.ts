// The only place for the shape that every module has: arguments in, one action out. Pure: a module does nothing itself.
// Adding one is a file beside this, a row in domain/task's table and a row in catalogue.ts.
import type { Result } from '../domain/result.ts';
import type { Value, Vars } from '../domain/value.ts';

/** Ansible's result keys of a task on one host. Never templated. */
export type AnsibleResult = Vars;

/** What a task turns out to be on one host. */
export type Action =
  /** Text for sh on the host, and the command as people and result keys show it. */
  | { readonly kind: 'job'; readonly script: string; readonly command: string }
  /** Done here, at once. */
  | { readonly kind: 'local'; readonly value: AnsibleResult }
  /** Ask how a job is that was started before. */
  | { readonly kind: 'wait'; readonly jid: string }
  /** Forget a job that was started before. */
  | { readonly kind: 'clean'; readonly jid: string };

/** How a module reads what the operator wrote; failures are sentences that become the task's message. */
export type Reader = {
  /** Renders templates in an argument; leaves it alone for a verbatim task. */
  render(value: Value): Result<Value, string>;
  /** The value of an expression, as `debug: var=…` has it. */
  evaluate(expression: string): Result<Value, string>;
  /** Whether a condition holds, as `when` has it. */
  holds(condition: string): Result<boolean, string>;
};

/** One module. Arguments come as written, their names already checked. */
export type Module = (args: Vars, reader: Reader) => Result<Action, string>;

/** A sentence instead of an action. */
export const refuse = (failure: string): { readonly ok: false; readonly failure: string } => ({ ok: false, failure });

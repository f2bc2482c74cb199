// The only place that says as whom a task runs on its host: the words of variables, keywords and flags, and which of them wins.
// Variables win over keywords, those of a task over those of its play, these over flags and settings, as Ansible has it.
import { fail, ok, type Result } from './result.ts';
import { lookUp, type Value, type Vars } from './value.ts';

/** Ways to become another user. */
export const becomeMethods = ['sudo', 'su', 'doas'] as const;

/** Whom a job becomes, and how; no password. */
export type Become = {
  readonly method: (typeof becomeMethods)[number];
  readonly user: string;
  /** Instead of the method's own name. */
  readonly exe?: string;
  /** Arguments of the program, separated by blanks; absent: the method's usual ones. */
  readonly flags?: string;
};

/** What somebody said about it, templates still text. Absent: nothing was said. */
export type BecomeWords = {
  readonly become?: boolean | string;
  readonly user?: string;
  readonly method?: string;
  readonly flags?: string;
  readonly exe?: string;
};

/** The words of both; what the stronger leaves open the weaker says. */
export const layBecome = (stronger: BecomeWords, weaker: BecomeWords | undefined): BecomeWords => ({ ...weaker, ...stronger });

/** Of what ansible.builtin.sudo knows by its own names, too. */
const own = { user: 'user', flags: 'flags', exe: 'exe' } as const;

/**
 * As whom a task runs, or undefined for the user who logs in.
 * @param render makes values of templates
 * @failure a sentence that names the word that makes no sense
 */
export const becomeOf = (
  words: BecomeWords | undefined,
  vars: Vars,
  render: (value: Value) => Result<Value, string>,
): Result<Become | undefined, string> => {
  const wants = truthOf(vars, words?.become, render);
  if (!wants.ok) return wants;
  if (!wants.value) return ok(undefined);
  const said = (part: keyof BecomeWords): Result<string | undefined, string> => saidOf(vars, part, words?.[part], render);
  const method = said('method');
  if (!method.ok) return method;
  const name = (method.value ?? 'sudo').replace(/^(?:ansible\.builtin|community\.general)\./, '');
  const known = becomeMethods.find(one => one === name);
  if (known === undefined) return fail(`become_method ${JSON.stringify(name)} is not known here; it is sudo, su or doas`);
  const parts: Record<string, string> = {};
  for (const part of ['user', 'exe', 'flags'] as const) {
    const value = saidOf(vars, part, words?.[part], render, known);
    if (!value.ok) return value;
    if (value.value === undefined) continue;
    if (!(part === 'flags' ? plainWords : part === 'user' ? userName : plainWord).test(value.value))
      return fail(`become_${part} ${JSON.stringify(value.value)} cannot be passed on: ${allowed[part]}`);
    parts[part] = value.value;
  }
  return ok({ method: known, user: 'root', ...parts });
};

/** The words reach a shell unquoted, and a file of one line. */
const plainWord = /^[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./-]*$/;
const userName = /^(?:[A-Za-z0-9_][A-Za-z0-9_.@+-]*\$?|#\d{1,10})$/;
const plainWords = /^[A-Za-z0-9_@%+=:,./-]+(?: +[A-Za-z0-9_@%+=:,./-]+)*$/;
const allowed = {
  user: 'a user has a name of letters, digits and . _ - @ +',
  exe: 'a program is one word without quotes or blanks',
  flags: 'flags are words without quotes, $ or wildcards',
} as const;

const truthOf = (vars: Vars, word: BecomeWords['become'], render: (value: Value) => Result<Value, string>): Result<boolean, string> => {
  const written = lookUp(vars, 'ansible_become') ?? word;
  if (written === undefined) return ok(false);
  const value = render(written);
  if (!value.ok) return value;
  const text = String(value.value).trim().toLowerCase();
  if (['true', 'yes', 'on', 'y', 't', '1', '1.0'].includes(text)) return ok(true);
  if (['false', 'no', 'off', 'n', 'f', '0', '0.0', '', 'none', 'null'].includes(text)) return ok(false);
  return fail(`become must be true or false, not ${JSON.stringify(value.value)}`);
};

const saidOf = (
  vars: Vars,
  part: keyof BecomeWords,
  word: string | boolean | undefined,
  render: (value: Value) => Result<Value, string>,
  method?: Become['method'],
): Result<string | undefined, string> => {
  const legacy = method === undefined || !Object.hasOwn(own, part) ? undefined : lookUp(vars, `ansible_${method}_${part}`);
  const written = legacy ?? lookUp(vars, `ansible_become_${part}`) ?? word;
  if (written === undefined) return ok(undefined);
  const value = render(written);
  if (!value.ok) return value;
  if (value.value === null || value.value === '') return ok(undefined);
  if (typeof value.value !== 'string' && typeof value.value !== 'number')
    return fail(`become_${part} must be text, not ${JSON.stringify(value.value)}`);
  const text = String(value.value).trim();
  return ok(text === '' ? undefined : text);
};

/** As screens and recaps say it, with a blank in front; nothing for the user who logs in. */
export const asWhom = (become: Become | undefined): string => (become === undefined ? '' : ` as ${become.user}`);

// The only place that blanks what a run keeps out of the journal because a pattern says so (`--mask`).
// Pure text in and out; the patterns themselves may hold what is to be hidden, so nobody writes them down.
import type { Plan } from './plan.ts';
import { fail, ok, type Result } from './result.ts';

/** Text with `***` for each match. */
export type Mask = (text: string) => string;

/** @failure bad-input: no regular expression, or one that matches everywhere */
export const compileMask = (patterns: readonly string[]): Result<Mask> => {
  const compiled: RegExp[] = [];
  for (const [index, pattern] of patterns.entries()) {
    // The pattern is not repeated: it may be the secret.
    const bad = (why: string): Result<never> => fail({ tag: 'bad-input', cause: `--mask ${index + 1} of ${patterns.length}: ${why}` });
    try {
      const expression = new RegExp(pattern, 'g');
      if (repeatsARepetition(pattern))
        return bad('it repeats a group that repeats or chooses, which can take for ever; write it without one of the two');
      if (''.match(expression) !== null) return bad('it matches the empty text, so it would hide nothing and everything');
      compiled.push(expression);
    } catch (error) {
      return bad(`it is no regular expression (${(error as Error).message.split(': ').at(-1)})`);
    }
  }
  return ok(text => compiled.reduce((masked, expression) => masked.replace(expression, '***'), text));
};

/** Blanks texts as they stand. */
export const maskTexts = (texts: readonly string[]): Mask => {
  const longestFirst = [...new Set(texts)].sort((a, b) => b.length - a.length);
  return text => longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
};

/**
 * A group behind which `*`, `+` or `{n,}` stands and that holds such a sign, or a choice, itself: on a text that nearly
 * matches, trying all ways doubles with each character, and the driver of everybody would wait for it.
 */
const repeatsARepetition = (pattern: string): boolean => {
  const plain = pattern.replace(/\\./gs, '_').replace(/\[(?:[^\]])*\]/g, '_');
  const groups: boolean[] = [];
  for (let at = 0; at < plain.length; at++) {
    const char = plain.charAt(at);
    const isRepeated = (from: number): boolean => /^(?:[*+]|\{\d+,)/.test(plain.slice(from));
    if (char === '(') groups.push(false);
    else if (char === ')') {
      const isWild = groups.pop() ?? false;
      if (isWild && isRepeated(at + 1)) return true;
      if ((isWild || isRepeated(at + 1)) && groups.length > 0) groups[groups.length - 1] = true;
    } else if ((char === '|' || isRepeated(at)) && groups.length > 0) groups[groups.length - 1] = true;
  }
  return false;
};

/** Every text in a value, keys included. */
export const maskValue = <T>(mask: Mask, value: T): T => {
  if (typeof value === 'string') return mask(value) as T;
  if (Array.isArray(value)) return value.map(part => maskValue(mask, part)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [mask(key), maskValue(mask, part)])) as T;
};

/** A plan as the journal may have it: names, arguments, variables and conditions; hosts and paths stay what they are. */
export const maskPlanTexts = (mask: Mask, plan: Plan): Plan => ({
  ...plan,
  title: mask(plan.title),
  plays: plan.plays.map(play => ({
    ...play,
    name: mask(play.name),
    vars: maskValue(mask, play.vars),
    ...(play.roles !== undefined && { roles: maskValue(mask, play.roles) }),
    tasks: play.tasks.map(task => ({
      ...task,
      name: mask(task.name),
      module: { name: task.module.name, args: maskValue(mask, task.module.args) },
      vars: maskValue(mask, task.vars),
      ...(task.when !== undefined && { when: task.when.map(mask) }),
      ...(task.until !== undefined && { until: task.until.map(mask) }),
      ...(task.changedWhen !== undefined && { changedWhen: task.changedWhen.map(mask) }),
      ...(task.failedWhen !== undefined && { failedWhen: task.failedWhen.map(mask) }),
      ...(task.loop !== undefined && { loop: { ...task.loop, over: maskValue(mask, task.loop.over) } }),
      ...(task.environment !== undefined && { environment: maskValue(mask, task.environment) }),
    })),
  })),
});

/** Flags whose next word is not recorded: the patterns, and variables that a command may be made of. */
const unrecorded = /^(--mask|-e|--extra-vars)(=.*)?$/s;

/** A command line for the record. What matches may stand in several words, so it is looked for in all of them together. */
export const maskArgv = (mask: Mask, argv: readonly string[]): readonly string[] => {
  const end = argv.indexOf('--');
  const words = argv.map((word, index) => {
    if (end !== -1 && index >= end) return word;
    if (unrecorded.test(argv[index - 1] ?? '') && !argv[index - 1]?.includes('=')) return '***';
    const [, flag, value] = unrecorded.exec(word) ?? [];
    return flag !== undefined && value !== undefined ? `${flag}=***` : word.replace(/^-e.+/s, '-e***');
  });
  return mask(words.join(' ')).split(' ');
};

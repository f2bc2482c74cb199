// The only place that reads every template of a plan before anything runs, so that a typing error in the last task
// does not show after an hour. It sees how expressions are written, not what they name.
import type { Plan } from '../domain/plan.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Task } from '../domain/task.ts';
import { formatPosition } from '../domain/task.ts';
import type { Value } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';
import { checkSyntax } from './engine.ts';
import { rewriteTemplate } from './rewrite.ts';
import { hasMarks, mayRender, segment } from './tokens.ts';

/** Fails with the first template or condition that cannot be read, with the place of its task. */
export const checkPlan = (plan: Plan): Result<undefined> => {
  for (const play of plan.plays) {
    const fault = faultIn(play.vars);
    if (fault !== undefined) return fail({ tag: 'bad-input', cause: `variables of play "${play.name}": ${fault}` });
    for (const task of play.tasks) {
      const wrong = task.templates === 'verbatim' ? undefined : faultInTask(task);
      const place = task.position === undefined ? '' : `${formatPosition(task.position)}: `;
      if (wrong !== undefined) return fail({ tag: 'bad-input', cause: `${place}${wrong}` });
    }
  }
  return ok(undefined);
};

const faultInTask = (task: Task): string | undefined => {
  const { when = [], until = [], changedWhen = [], failedWhen = [], ignoreErrors = 'false', ignoreUnreachable = 'false' } = task;
  for (const condition of [...when, ...until, ...changedWhen, ...failedWhen, ignoreErrors, ignoreUnreachable]) {
    const fault = faultInText(hasMarks(condition) ? condition : `{% if ${condition} %}{% endif %}`, condition);
    if (fault !== undefined) return fault;
  }
  const { name, args } = task.module;
  const shown = name === 'debug' ? args['var'] : undefined;
  const fault = typeof shown === 'string' && !mayRender(shown) ? faultInText(`{{ ${shown} }}`, shown) : undefined;
  return (
    fault ??
    faultIn(args) ??
    faultIn(task.vars) ??
    faultIn(Object.values(task.become ?? {})) ??
    faultIn(task.environment ?? []) ??
    faultIn(task.loop?.over ?? null)
  );
};

const faultIn = (value: Value): string | undefined => {
  if (typeof value === 'string') return faultInText(value, value);
  const inner: readonly Value[] = Array.isArray(value) ? value : isMapping(value) ? Object.values(value) : [];
  for (const item of inner) {
    const fault = faultIn(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const faultInText = (template: string, written: string): string | undefined => {
  if (!mayRender(template)) return undefined;
  const cut = segment(template);
  const source = cut.ok ? rewriteTemplate(cut.value) : cut;
  const checked = source.ok ? checkSyntax(source.value.source) : source;
  return checked.ok ? undefined : `"${written.trim().slice(0, 100)}" cannot be read: ${checked.failure}`;
};

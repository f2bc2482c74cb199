// The only place for `rollcall play FILE.yml`.
import { dirname, resolve } from 'node:path';
import { type Plan, selectTags } from '../../domain/plan.ts';
import { ok, type Result } from '../../domain/result.ts';
import { nodeDisk } from '../../files/disk.ts';
import { readPlaybook } from '../../files/playbook.ts';
import type { PlayFlags } from '../flags.ts';
import { placeOf } from '../place.ts';
import type { World } from '../world.ts';
import { startAndFollow } from './run.ts';

/** Reads and checks everything before the first host is touched. */
export const playVerb = async (world: World, file: string, flags: PlayFlags, argv: readonly string[]): Promise<Result<number>> => {
  const path = resolve(world.cwd, file);
  const read = await readPlaybook(path, nodeDisk);
  if (!read.ok) return read;
  for (const warning of read.value.warnings) world.say(warning);
  if (flags.syntaxCheck === true) {
    world.write(`playbook: ${file}\n`);
    return ok(0);
  }
  const plan = selectTags(read.value.plan, flags.tags ?? [], flags.skipTags ?? []);
  if (flags.listTasks === true) {
    world.write(`\nplaybook: ${file}\n${listOf(plan)}`);
    return ok(0);
  }
  const place = await placeOf(world, flags, {
    playbookFolder: dirname(path),
    patterns: read.value.plan.plays.map(({ pattern }) => pattern),
  });
  if (!place.ok) return place;
  return startAndFollow(world, place.value, plan, flags, argv);
};

/** As ansible-playbook prints it: plays, tasks and their tags; handlers are not among them. */
const listOf = ({ plays }: Plan): string =>
  plays
    .map(({ name, pattern, tasks }, index) => {
      const lines = tasks.filter(({ handler }) => handler === undefined).map(task => `      ${task.name}\tTAGS: [${tagsOf(task.tags)}]\n`);
      return `\n  play #${index + 1} (${pattern}): ${name}\tTAGS: []\n    tasks:\n${lines.join('')}`;
    })
    .join('');

const tagsOf = (tags: readonly string[] = []): string => tags.toSorted().join(', ');

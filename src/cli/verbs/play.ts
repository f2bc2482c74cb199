// The only place for `rollcall play FILE.yml`.
import { dirname, resolve } from 'node:path';
import { ok, type Result } from '../../domain/result.ts';
import { nodeDisk } from '../../files/disk.ts';
import { readPlaybook } from '../../files/playbook.ts';
import type { RunFlags } from '../flags.ts';
import { placeOf } from '../place.ts';
import type { World } from '../world.ts';
import { startAndFollow } from './run.ts';

/** Reads and checks everything before the first host is touched. */
export const playVerb = async (
  world: World,
  file: string,
  flags: RunFlags & { readonly syntaxCheck?: boolean },
  argv: readonly string[],
): Promise<Result<number>> => {
  const path = resolve(world.cwd, file);
  const read = await readPlaybook(path, nodeDisk);
  if (!read.ok) return read;
  for (const warning of read.value.warnings) world.say(warning);
  if (flags.syntaxCheck === true) {
    world.write(`playbook: ${file}\n`);
    return ok(0);
  }
  const place = await placeOf(world, flags, {
    playbookFolder: dirname(path),
    patterns: read.value.plan.plays.map(({ pattern }) => pattern),
  });
  if (!place.ok) return place;
  return startAndFollow(world, place.value, read.value.plan, flags, argv);
};

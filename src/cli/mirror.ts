// The only place where the command line speaks of mirrors: what --mirror says, and telling it to the driver.
// The driver keeps it; here it is only judged before anything starts.
import { statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Failure } from '../domain/failure.ts';
import { type MirrorPlace, parseMirrorPlace } from '../domain/mirror-place.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Link } from '../driver/protocol.ts';
import type { World } from './world.ts';

/** `undefined`: nothing was said, and it stays as it is; `none`: no mirror any more. */
export type MirrorWish = MirrorPlace | 'none' | undefined;

/** A place as the operator wrote it, here. @failure bad-input */
export const mirrorPlaceOf = ({ cwd, home }: World, text: string): Result<MirrorPlace> =>
  parseMirrorPlace(text, path => (path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : resolve(cwd, path)));

/** What `--mirror` wants. @failure bad-input for a place where no mirror may be kept */
export const readMirrorWish = (world: World, stateDir: string, text: string | undefined): Result<MirrorWish> => {
  if (text === undefined || text === 'none') return ok(text);
  const place = mirrorPlaceOf(world, text);
  if (!place.ok || place.value.kind === 'there') return place;
  const { path } = place.value;
  if (path === stateDir || path.startsWith(stateDir + sep)) {
    return fail(bad(`${path} is where the journal itself is: a mirror belongs to another disk, or better to another machine`));
  }
  const folder = statSync(path, { throwIfNoEntry: false });
  if (folder === undefined) return place;
  if (!folder.isDirectory()) return fail(bad(`${path} is no folder; a mirror is kept in one of its own`));
  if (world.uid !== undefined && folder.uid !== world.uid) return fail(bad(`${path} belongs to uid ${folder.uid}, not to us`));
  if ((folder.mode & 0o077) !== 0) return fail(bad(`others may enter ${path} (mode ${(folder.mode & 0o777).toString(8)}); chmod 700 it`));
  return place;
};

/** Tells the driver. */
export const askForMirror = async (link: Link, wish: MirrorWish): Promise<Result<void>> => {
  if (wish === undefined) return ok(undefined);
  const answer = await link.ask({ verb: 'mirror', to: wish === 'none' ? null : wish.text });
  return answer.ok ? ok(undefined) : answer;
};

const bad = (cause: string): Failure => ({ tag: 'bad-input', cause });

// The only place that keeps a mirror: copies what the journal has got since, each half second, and catches up after trouble.
// It only reads the journal, so that nothing here ever holds back an append; what cannot be written waits in the journal.
import type { MirrorPlace } from '../domain/mirror-place.ts';
import { type MirrorLine, mirrorEnd, mirrorWriter } from './mirror-format.ts';
import { type MirrorFound, openMirrorSession } from './mirror-session.ts';
import { type MirrorSource, openMirrorSource } from './mirror-source.ts';

/** Why the mirror is behind, or undefined when it is not. One line, without numbers that change while it lasts. */
export type MirrorTrouble = string | undefined;

export type MirrorParts = {
  readonly stateDir: string;
  readonly place: MirrorPlace;
  /** Of the driver that keeps it. */
  readonly epoch: number;
  /** For each shell anew: the agent may change. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly clock: { wall(): number; after(delay: number, fire: () => void): () => void };
  /** Called when it changes. */
  readonly onTrouble: (trouble: MirrorTrouble) => void;
};

/** A mirror being kept. */
export type Mirror = {
  /** Copies what there is, and ends; `within` ms at most, two seconds where nothing is said. */
  close(within?: number): Promise<void>;
};

/** How often the journal is looked at, ms. With the way there this stays within the two seconds that are promised. */
const lookEvery = 500;

/** A driver that lives says so this often, ms; by it the next one knows when this one vanished. */
const aliveEvery = 60_000;

/** Bytes that are read and handed over in one go. */
const mostAtOnce = 256 * 1024;

/** What was handed over and not taken for so long is trouble, ms. */
const takenWithin = 4000;

/** Who has not told by then what is there does not answer, ms. It is waited for all the same. */
const foundWithin = 15_000;

/** Pause after the first failed try, ms; doubled up to {@link longestPause}. */
const firstPause = 1000;
const longestPause = 30_000;

const endWithin = 2000;

/** A mirror is not begun anew for its size alone before it has so many bytes. */
const keptAnyway = 64 * 1024 * 1024;

/** How a session came out. */
type Outcome =
  | { readonly kind: 'ended' }
  /** What was begun anew is complete: the next session puts it into its place. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly why: string }
  /** It must not be written by us. */
  | { readonly kind: 'refused'; readonly why: string };

/** Begins at once and goes on until it is closed. */
export const keepMirror = ({ stateDir, place, epoch, env, clock, onTrouble }: MirrorParts): Mirror => {
  let closing = false;
  let wake: () => void = () => {};
  let kill: () => void = () => {};
  let trouble: MirrorTrouble;
  let agreedAt = clock.wall();

  const setTrouble = (why: string | undefined): void => {
    const since = new Date(agreedAt).toISOString().slice(11, 19);
    const told = why === undefined ? undefined : `${place.text}: ${why}; what came after ${since} UTC is not in it yet`;
    if (told === trouble) return;
    trouble = told;
    onTrouble(told);
  };

  const pause = (ms: number): Promise<void> =>
    new Promise(resolve => {
      const disarm = clock.after(ms, resolve);
      wake = () => {
        disarm();
        resolve();
      };
      if (closing) wake();
    });

  const session = async (source: MirrorSource): Promise<Outcome> => {
    const shell = openMirrorSession({ place, env: env() }, epoch);
    kill = shell.kill;
    const disarmLate = clock.after(foundWithin, () => setTrouble('it does not answer'));
    const found = await shell.found;
    disarmLate();
    if (!found.ok) return { kind: 'failed', why: found.failure };
    const plan = planFor(found.value, source, epoch);
    if (plan.kind === 'refuse') {
      shell.kill();
      return { kind: 'refused', why: plan.why };
    }
    if (!(await shell.begin(plan.size, plan.kind === 'go on'))) return { kind: 'failed', why: await shell.over };
    const lines = mirrorWriter(plan.check);
    const send = async (what: readonly MirrorLine[]): Promise<boolean> => {
      if (what.length === 0) return true;
      const disarm = clock.after(takenWithin, () => setTrouble('it takes nothing'));
      const taken = await shell.write(Buffer.from(what.map(line => lines.line(line)).join('')));
      disarm();
      return taken;
    };
    let { seq, hash } = plan;
    let aliveAt = 0;
    let over = false;
    void shell.over.then(() => {
      over = true;
      wake();
    });
    if (plan.size === 0 && !(await send([source.head()]))) return { kind: 'failed', why: await shell.over };
    while (!over) {
      const isClosing = closing;
      const now = clock.wall();
      const { rows, isLast } = source.rows(seq, mostAtOnce);
      const last = rows.at(-1);
      if (last !== undefined) ({ seq, hash } = last);
      const isDue = isLast && plan.kind === 'go on' && (now - aliveAt >= aliveEvery || isClosing);
      if (isDue) aliveAt = now;
      if (!(await send(isDue ? [...rows, { alive: now, epoch, seq, hash }] : rows))) break;
      if (!isLast) continue;
      if (plan.kind === 'anew') {
        const why = await shell.end();
        return why === undefined ? { kind: 'complete' } : { kind: 'failed', why };
      }
      agreedAt = now;
      setTrouble(undefined);
      if (isClosing) {
        const why = await shell.end();
        return why === undefined ? { kind: 'ended' } : { kind: 'failed', why };
      }
      await pause(lookEvery);
    }
    return { kind: 'failed', why: await shell.over };
  };

  const tryOnce = async (): Promise<Outcome> => {
    let source: MirrorSource | undefined;
    try {
      source = openMirrorSource(stateDir, epoch);
      return await session(source);
    } catch (error) {
      return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
    } finally {
      kill();
      source?.close();
    }
  };

  const keep = async (): Promise<void> => {
    for (let wait = firstPause; ; wait = Math.min(wait * 2, longestPause)) {
      const before = agreedAt;
      const outcome = await tryOnce();
      if (agreedAt !== before) wait = firstPause;
      if (outcome.kind === 'ended') return;
      if (outcome.kind === 'complete') continue;
      setTrouble(outcome.why);
      if (closing || outcome.kind === 'refused') return;
      await pause(wait);
    }
  };

  const kept = keep();
  return {
    async close(within = endWithin) {
      closing = true;
      wake();
      const disarm = clock.after(within, () => kill());
      await kept;
      disarm();
    },
  };
};

/** How to go on with what is there. */
type Plan =
  | { readonly kind: 'refuse'; readonly why: string }
  /** `anew`: into a file beside the mirror, which takes its place when it is complete. */
  | {
      readonly kind: 'go on' | 'anew';
      readonly size: number;
      readonly check: string;
      readonly seq: number;
      readonly hash: string | null;
    };

const anew: Plan = { kind: 'anew', size: 0, check: '', seq: 0, hash: null };

const planFor = (found: MirrorFound, source: MirrorSource, epoch: number): Plan => {
  if (found.size === 0) return anew;
  const end = mirrorEnd(found.first, found.tail, found.size);
  if (end === undefined)
    return found.of === 'own' ? anew : { kind: 'refuse', why: 'what lies there is no mirror that this rollcall knows' };
  const own = source.head();
  if (end.head.line !== own.line) return { kind: 'refuse', why: 'it is the mirror of another journal; give another place' };
  const stands = source.has(end.seq, end.hash);
  if (!stands && end.epoch > epoch) {
    return { kind: 'refuse', why: 'a newer driver of this line has taken over from it and writes it now' };
  }
  // A loss of power may take from the journal what the mirror has; and what a new schema means an old head does not say.
  if (!stands || end.head.schema !== own.schema) return anew;
  // What retention has taken out here goes there as well, in time.
  if (found.of === 'mirror' && found.size > keptAnyway && found.size > 2 * source.size()) return anew;
  const { size, check, seq, hash } = end;
  // What was begun anew takes its place only when it lacks no more than one piece.
  const isNearlyWhole = found.of === 'mirror' || source.rows(seq, mostAtOnce).isLast;
  return { kind: isNearlyWhole ? 'go on' : 'anew', size, check, seq, hash };
};

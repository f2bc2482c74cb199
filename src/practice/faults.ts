// The only place that decides when a practice host misbehaves, from a seed: how long a slow one waits, and at which
// byte of which command a dropping one cuts the link. It decides; host.ts does it.

/** A source of numbers in [0, 1), the same for the same seed. */
export type Random = () => number;

/** Where a command's connection is cut. */
export type Cut =
  /** The command never starts. */
  | { readonly at: 'request' }
  /** After so many bytes of what the client sends. */
  | { readonly at: 'input'; readonly bytes: number }
  /** After so many bytes of what the command says. */
  | { readonly at: 'output'; readonly bytes: number };

/** A seeded source (xorshift on 32 bits): good enough to be unpredictable to a player, and repeatable for a test. */
export const seeded = (seed: number): Random => {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e37_79b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
};

/** A seed from a text, so that each host of a fleet has its own. */
export const seedOf = (text: string): number => {
  let hash = 0x811c_9dc5;
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x0100_0193);
  return hash >>> 0;
};

/** Milliseconds a slow host thinks before it goes on: 700 to 1500. */
export const slowness = (random: Random): number => 700 + Math.floor(random() * 800);

/** Milliseconds from the start of a long job to the reboot in the middle of it: 6 to 10 s. */
export const untilReboot = (random: Random): number => 6000 + Math.floor(random() * 4000);

/**
 * The cuts of a dropping host, one answer per command: every second to fourth command is cut, the one after a cut
 * never is, so that trying again always gets through.
 */
export const cutter = (random: Random): (() => Cut | undefined) => {
  let clean = 1 + Math.floor(random() * 3);
  return () => {
    clean -= 1;
    if (clean >= 0) return undefined;
    clean = 1 + Math.floor(random() * 3);
    const where = random();
    if (where < 0.25) return { at: 'request' };
    if (where < 0.6) return { at: 'input', bytes: Math.floor(random() * 600) };
    return { at: 'output', bytes: Math.floor(random() * 120) };
  };
};

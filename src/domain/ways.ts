// The only place that tells what has changed on the ways to some hosts, and the words for it: who is away, which gates are spared.
import type { Ways } from './event.ts';
import { describeFailure } from './failure.ts';

type Away = Ways['away'][number];
type Slowed = Ways['slowed'][number];

export const allWell: Ways = { away: [], slowed: [] };

/** What of it these hosts have to do with. A host that is away is told by its own row; a jump host by nobody's. */
export const waysOf = ({ away, slowed }: Ways, hosts: Iterable<{ readonly gate: string; readonly hops?: number }>): Ways => {
  if (away.length + slowed.length === 0) return allWell;
  const gates = new Set<string>();
  const jumps = new Set<string>();
  for (const { gate, hops = 0 } of hosts) {
    gates.add(gate);
    if (hops > 0) jumps.add(gate);
  }
  return {
    away: away.filter(({ kind, gate }) => kind === 'jump host' && gate !== undefined && jumps.has(gate)),
    slowed: slowed.filter(({ gate }) => gates.has(gate)),
  };
};

/** What is told once, when it comes and when it goes. Handshakes that become more again are told when they are as many as before. */
export const waysChanged = (
  before: Ways,
  now: Ways,
): {
  readonly gone: readonly Away[];
  readonly back: readonly Away[];
  readonly slower: readonly Slowed[];
  readonly asBefore: readonly Slowed[];
} => {
  const least = new Map(before.slowed.map(({ gate, handshakes }) => [gate, handshakes]));
  return {
    gone: now.away.filter(one => !before.away.some(other => isSame(one, other))),
    back: before.away.filter(one => !now.away.some(other => isSame(one, other))),
    slower: now.slowed.filter(({ gate, handshakes }) => handshakes < (least.get(gate) ?? Number.POSITIVE_INFINITY)),
    asBefore: before.slowed.filter(({ gate }) => !now.slowed.some(other => other.gate === gate)),
  };
};

const isSame = (one: Away, other: Away): boolean => one.name === other.name && one.gate === other.gate;

/** `connect timed out`, without a name. */
export const whyAway = ({ failure }: Away): string => {
  const { host: _, ...nameless } = failure;
  return describeFailure(nameless).what;
};

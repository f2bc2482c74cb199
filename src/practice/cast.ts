// The only place that says who is in the practice fleet: names, groups, and what is special about each host.
// Pure data; it must not know how a host is made or reached.

/** How a practice host behaves on the wire. */
export type Character =
  /** Always there, quick. */
  | 'steady'
  /** Takes its time before it greets and before it runs a command. */
  | 'slow'
  /** Its port is closed. */
  | 'refusing'
  /** Cuts about every third command's connection at a random byte, never twice in a row. */
  | 'dropping'
  /** The first job that lasts more than a few seconds gets the host rebooted. */
  | 'rebooting';

/** A group of the practice inventory. */
export type GroupName = 'canary' | 'web' | 'db' | 'edge';

/** One host as it is meant, before it has a port. */
export type Role = { readonly name: string; readonly group: GroupName; readonly character: Character };

/** Hosts in the smallest fleet; asking for fewer gives these. */
export const smallestFleet = 12;

/** Hosts in the largest fleet: a practice fleet lives on one machine. */
export const largestFleet = 1000;

const first: readonly Role[] = [
  { name: 'canary1', group: 'canary', character: 'steady' },
  { name: 'web01', group: 'web', character: 'steady' },
  { name: 'web02', group: 'web', character: 'steady' },
  { name: 'web03', group: 'web', character: 'steady' },
  { name: 'web04', group: 'web', character: 'steady' },
  { name: 'web05', group: 'web', character: 'steady' },
  { name: 'web06', group: 'web', character: 'steady' },
  { name: 'db01', group: 'db', character: 'steady' },
  { name: 'db02', group: 'db', character: 'rebooting' },
  { name: 'edge1', group: 'edge', character: 'slow' },
  { name: 'edge2', group: 'edge', character: 'refusing' },
  { name: 'edge3', group: 'edge', character: 'dropping' },
];

/** The first `count` roles: always the {@link smallestFleet}, then as many more web hosts as are asked for. */
export const castOf = (count: number): readonly Role[] => {
  const wanted = Math.min(largestFleet, Math.max(smallestFleet, Math.trunc(count)));
  const more = Array.from({ length: wanted - first.length }, (_, i): Role => {
    const name = `web${String(7 + i).padStart(2, '0')}`;
    return { name, group: 'web', character: 'steady' };
  });
  return [...first, ...more];
};

// The only place that folds names into one nodeset exactly as ClusterShell's `nodeset --fold` prints it, and orders them as
// `--expand` does: by shape, then by number; names with several numbers fold along all of them.
// Screens keep the inventory's order and have the simpler fold of nodeset.ts.
// @see ClusterShell's RangeSet.py and NodeSet.py (1.9), whose order of merging decides what comes out

/** Numbers of one dimension, as they are written, sorted. */
type Numbers = readonly string[];

/** A block: every combination of its numbers is a name. */
type Block = readonly Numbers[];

/** Names of one shape: `rack%sn%s`. */
type Shape = { readonly shape: string; readonly blocks: readonly Block[] };

/** One text for all names, such as `db1,web[01-10,15]`. */
export const foldNames = (names: Iterable<string>): string =>
  shapesOf(names)
    .flatMap(({ shape, blocks }) => blocks.map(block => fill(shape, block.map(written))))
    .join(',');

/** The names, each once, in the order of `nodeset --expand`. */
export const sortNames = (names: Iterable<string>): readonly string[] =>
  shapesOf(names).flatMap(({ shape, blocks }) => blocks.flatMap(block => combinations(block).map(numbers => fill(shape, numbers))));

const shapesOf = (names: Iterable<string>): readonly Shape[] => {
  const byShape = new Map<string, string[][]>();
  for (const name of new Set(names)) {
    const shape = name.replace(/%/g, '%%').replace(/[0-9]+/g, '%s');
    const numbers = name.match(/[0-9]+/g) ?? [];
    const known = byShape.get(shape);
    if (known === undefined) byShape.set(shape, [numbers]);
    else known.push(numbers);
  }
  return [...byShape.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([shape, vectors]) => ({ shape, blocks: blocksOf(vectors) }));
};

/** The fewest blocks that ClusterShell's merging finds. */
const blocksOf = (vectors: readonly (readonly string[])[]): readonly Block[] => {
  const dimensions = vectors[0]?.length ?? 0;
  const whole = Array.from({ length: dimensions }, (_, at) => sorted(new Set(vectors.map(vector => vector[at] ?? ''))));
  // One dimension, or all combinations: nothing to merge.
  if (whole.reduce((product, numbers) => product * numbers.length, 1) === vectors.length) return [whole];
  let blocks: Block[] = vectors.map(vector => vector.map(number => [number]));
  let isFull = false;
  for (let changed = true; changed || !isFull; ) {
    if (!changed) isFull = true;
    const before = blocks.length;
    blocks.sort(byBlock);
    blocks = isFull ? mergeAll(blocks) : mergeNeighbours(blocks);
    changed = blocks.length < before;
  }
  return blocks;
};

const mergeNeighbours = (blocks: readonly Block[]): Block[] => {
  const merged: Block[] = [];
  for (const block of blocks) {
    const last = merged.at(-1);
    const both = last === undefined ? undefined : merge(last, block);
    if (both === undefined) merged.push(block);
    else merged[merged.length - 1] = both;
  }
  return merged;
};

const mergeAll = (blocks: readonly Block[]): Block[] => {
  const rest = [...blocks];
  for (let first = 0; first < rest.length; first++) {
    for (let second = first + 1; second < rest.length; ) {
      const both = merge(rest[first] ?? [], rest[second] ?? []);
      if (both === undefined) second++;
      else {
        rest[first] = both;
        rest.splice(second, 1);
      }
    }
  }
  return rest;
};

/** Both as one block, where they differ in one dimension only. */
const merge = (a: Block, b: Block): Block | undefined => {
  const merged: Numbers[] = [];
  let differences = 0;
  for (const [at, mine] of a.entries()) {
    const theirs = b[at] ?? [];
    if (mine === theirs || (mine.length === theirs.length && mine.every((number, index) => number === theirs[index]))) {
      merged.push(mine);
      continue;
    }
    if (++differences > 1) return undefined;
    const union = new Set([...mine, ...theirs]);
    const overlaps = union.size < mine.length + theirs.length;
    if (overlaps && union.size > Math.max(mine.length, theirs.length)) return undefined;
    merged.push(sorted(union));
  }
  return merged;
};

/** Larger blocks first, then by the first and last number of each dimension. */
const byBlock = (a: Block, b: Block): number => {
  const size = (block: Block): number => block.reduce((product, numbers) => product * numbers.length, 1);
  if (size(a) !== size(b)) return size(b) - size(a);
  for (const [at, mine] of a.entries()) {
    const theirs = b[at] ?? [];
    if (mine.length !== theirs.length) return theirs.length - mine.length;
    const order = compare(mine[0] ?? '', theirs[0] ?? '') || compare(mine.at(-1) ?? '', theirs.at(-1) ?? '');
    if (order !== 0) return order;
  }
  return 0;
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const sorted = (numbers: Iterable<string>): Numbers => [...numbers].sort((a, b) => a.length - b.length || compare(a, b));

const written = (numbers: Numbers): string => (numbers.length === 1 ? (numbers[0] ?? '') : `[${rangesOf(numbers).join(',')}]`);

/**
 * `01-03,7`: a range ends at a gap, and where padding begins or ends. Whether what stands behind a gap counts as padded
 * follows from what stood before it, number by number, as there.
 */
const rangesOf = (numbers: Numbers): readonly string[] => {
  const ranges: string[] = [];
  const isPadded = (text: string): boolean => text.length > 1 && text.startsWith('0');
  /** Numbers that are equally far apart. */
  let run: string[] = [];
  let padded = false;
  let step: bigint | undefined;
  const push = (all: readonly string[]): void => {
    if (step !== undefined && step !== 1n) ranges.push(...all);
    else if (all.length > 0) ranges.push(all.length === 1 ? `${all[0]}` : `${all[0]}-${all.at(-1)}`);
  };
  for (const number of numbers) {
    const last = run.at(-1);
    if (last === undefined) {
      run = [number];
      padded = isPadded(number);
      continue;
    }
    const distance = BigInt(number) - BigInt(last);
    const otherPadding = padded ? number.length !== last.length : isPadded(number);
    if (!otherPadding && (step === undefined || step === distance)) {
      run.push(number);
      step = distance;
      continue;
    }
    const isRange = step === undefined || step === 1n;
    push(isRange || otherPadding ? run : run.slice(0, -1));
    // The last of numbers that are apart may begin a range.
    run = isRange || otherPadding ? [number] : [last, number];
    if (isRange || otherPadding) padded = isPadded(number);
    step = otherPadding ? undefined : distance;
  }
  push(run);
  return ranges;
};

const combinations = (block: Block): readonly (readonly string[])[] =>
  block.reduce<readonly (readonly string[])[]>((made, numbers) => made.flatMap(head => numbers.map(number => [...head, number])), [[]]);

const fill = (shape: string, numbers: readonly string[]): string => {
  let at = 0;
  return shape.replace(/%[%s]/g, mark => (mark === '%%' ? '%' : (numbers[at++] ?? '')));
};

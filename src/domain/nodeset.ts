// The only place that folds host names into the short notation that ClusterShell made common: `web[01-10,15],db1`.
// It knows names only, no inventory.
// @see https://clustershell.readthedocs.io/en/latest/tools/nodeset.html

/** A name cut at the run of digits that varies. `digits` is empty for a name without digits. */
type Cut = { readonly before: string; readonly digits: string; readonly after: string };

/** Names that differ in one number only. */
type Family = { readonly before: string; readonly after: string; readonly numbers: Set<string> };

/**
 * Folds names: `['web01', 'web02', 'web03', 'db1']` becomes `web[01-03],db1`. Padding is kept; a name counts once.
 * Names with several numbers fold along the one that leaves the fewest parts.
 * Families stand in the order of their first name, so an inventory's order can be seen.
 */
export const fold = (names: readonly string[]): string => {
  const families = new Map<string, Family>();
  for (const cut of cutAll(names)) {
    const key = `${cut.before}\n${cut.digits === '' ? '' : '#'}${cut.after}`;
    const family = families.get(key) ?? { before: cut.before, after: cut.after, numbers: new Set<string>() };
    family.numbers.add(cut.digits);
    families.set(key, family);
  }
  return [...families.values()].map(foldFamily).join(',');
};

/** Most names that one nodeset may stand for. */
const mostNames = 100_000;

/**
 * The names that a folded text stands for, in its order: the reverse of {@link fold}. Several brackets in a part and
 * steps (`[0-8/2]`) are understood. Undefined when it is no nodeset (`web[1:3]`, `web[-1]`, a glob).
 */
export const unfold = (text: string): readonly string[] | undefined => {
  const parts = text.match(/(?:[^,[\]]|\[[^\]]*\])+/g) ?? [];
  // A bracket that never closes is left over.
  if (parts.join('').length !== text.replace(/,(?![^[]*\])/g, '').length) return undefined;
  const names: string[] = [];
  for (const part of parts) {
    const expanded = unfoldPart(part.trim());
    if (expanded === undefined || names.length + expanded.length > mostNames) return undefined;
    names.push(...expanded);
  }
  return names;
};

const unfoldPart = (part: string): readonly string[] | undefined => {
  const bracket = /^([^[\]]*)\[([^\]]*)\](.*)$/.exec(part);
  if (bracket === null) return /^[\w.-]+$/.test(part) ? [part] : part === '' ? [] : undefined;
  const [, before = '', inside = '', after = ''] = bracket;
  const numbers = inside.split(',').map(unfoldRange);
  const rests = after === '' ? [''] : unfoldPart(after);
  if (rests === undefined) return undefined;
  const names: string[] = [];
  for (const range of numbers) {
    if (range === undefined || names.length + range.length * rests.length > mostNames) return undefined;
    for (const number of range) for (const rest of rests) names.push(`${before}${number}${rest}`);
  }
  return names;
};

const unfoldRange = (text: string): readonly string[] | undefined => {
  const range = /^(\d+)(?:-(\d+)(?:\/(\d+))?)?$/.exec(text.trim());
  if (range === null) return undefined;
  const [, first = '', last = first, step = '1'] = range;
  const [from, to, by] = [BigInt(first), BigInt(last), BigInt(step)];
  if (by === 0n || to < from || (to - from) / by > BigInt(mostNames)) return undefined;
  const width = first.startsWith('0') ? first.length : 0;
  const numbers: string[] = [];
  for (let number = from; number <= to; number += by) numbers.push(String(number).padStart(width, '0'));
  return numbers;
};

const foldFamily = ({ before, after, numbers }: Family): string => {
  const ranges = rangesOf([...numbers]);
  const single = ranges.length === 1 && !ranges[0]?.includes('-');
  return `${before}${single ? ranges[0] : `[${ranges.join(',')}]`}${after}`;
};

/** Cuts each name at the number that folds best within all names of the same shape (`rack#-web#`). */
const cutAll = (names: readonly string[]): Cut[] => {
  const shapes = new Map<string, string[]>();
  for (const name of names) {
    const shape = name.replace(/\d+/g, '#');
    const same = shapes.get(shape);
    if (same === undefined) shapes.set(shape, [name]);
    else same.push(name);
  }
  const best = new Map<string, number>();
  for (const [shape, same] of shapes) best.set(shape, bestDimension(same));
  return names.map(name => cutAt(name, best.get(name.replace(/\d+/g, '#')) ?? 0));
};

/** Index, from the left, of the number to fold along; the last one wins a tie. */
const bestDimension = (names: readonly string[]): number => {
  const dimensions = names[0]?.match(/\d+/g)?.length ?? 0;
  let best = 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (let dimension = 0; dimension < dimensions; dimension++) {
    const rests = new Set<string>();
    for (const name of names) {
      const { before, after } = cutAt(name, dimension);
      rests.add(`${before}\n${after}`);
    }
    if (rests.size <= fewest) {
      fewest = rests.size;
      best = dimension;
    }
  }
  return best;
};

const cutAt = (name: string, dimension: number): Cut => {
  let index = 0;
  for (const match of name.matchAll(/\d+/g)) {
    if (index === dimension) {
      const end = match.index + match[0].length;
      return { before: name.slice(0, match.index), digits: match[0], after: name.slice(end) };
    }
    index++;
  }
  return { before: name, digits: '', after: '' };
};

/**
 * A number written with leading zeros has a width; one of the same length without them shares it (`09`, `10`),
 * any other stands for itself, since `web1` and `web01` are two hosts.
 */
const rangesOf = (texts: readonly string[]): string[] => {
  if (texts.length === 1) return [texts[0] ?? ''];
  const padded = new Set(texts.filter(text => text.length > 1 && text.startsWith('0')).map(text => text.length));
  const numbers = texts
    .map(text => ({ text, width: padded.has(text.length) ? text.length : 0, value: BigInt(text) }))
    .sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.width - b.width));
  const ranges: string[] = [];
  for (const width of [...padded].sort((a, b) => a - b).concat(0)) {
    let first: { text: string; value: bigint } | undefined;
    let last: { text: string; value: bigint } | undefined;
    const close = () => {
      if (first !== undefined && last !== undefined) ranges.push(first === last ? first.text : `${first.text}-${last.text}`);
    };
    for (const number of numbers) {
      if (number.width !== width) continue;
      if (last !== undefined && number.value === last.value + 1n) {
        last = number;
        continue;
      }
      close();
      first = number;
      last = number;
    }
    close();
  }
  return ranges;
};

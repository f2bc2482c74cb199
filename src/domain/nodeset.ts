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

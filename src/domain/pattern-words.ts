// The only place that knows how a pattern is cut into parts and how one part is matched against names: Ansible's own rules,
// which are Python's (`fnmatch`, `re.match`). Who the names belong to is for pattern.ts.
// @see ansible/inventory/manager.py and ansible/parsing/utils/addresses.py
import type { Result } from './result.ts';
import { ok } from './result.ts';

/** Parts of a pattern. A comma anywhere makes commas the only cut; without one colons cut, save in an address or a range. */
export const splitPattern = (pattern: string): readonly string[] => {
  const parts = pattern.includes(',')
    ? pattern.split(',')
    : isAddress(pattern)
      ? [pattern]
      : (pattern.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? []);
  return parts.map(part => part.trim()).filter(part => part !== '');
};

/** True for a test of names; the failure is a sentence. */
export type NameTest = (name: string) => boolean;

/** A part that begins with `~` is a regular expression that must match at the beginning, any other is a glob. */
export const compileName = (part: string): Result<NameTest, string> => {
  try {
    const expression = part.startsWith('~') ? fromPython(part.slice(1)) : new RegExp(`^${globSource(part)}$`, 's');
    return ok(name => expression.test(name));
  } catch {
    return { ok: false, failure: `Invalid host list pattern: ${part}` };
  }
};

/** What only Python writes so; the rest of an expression means the same in both languages. */
const fromPython = (source: string): RegExp => {
  const [, flags = '', rest = source] = /^\(\?([imsaLu]+)\)([\s\S]*)$/.exec(source) ?? [];
  const ours = rest
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\\([\s\S])/g, (whole, letter: string) => (letter === 'A' ? '^' : letter === 'Z' ? '$' : whole));
  return new RegExp(`^(?:${ours})`, flags.replace(/[^ims]/g, ''));
};

/** `*`, `?`, `[a-c]`, `[!a-c]`; a bracket that is not closed is itself. */
const globSource = (glob: string): string => {
  let source = '';
  for (const [piece] of glob.matchAll(/\*+|\?|\[!?\]?[^\]]*\]|[\s\S]/g)) {
    if (piece.startsWith('*')) source += '.*';
    else if (piece === '?') source += '.';
    else if (piece.length > 2) source += classSource(piece.slice(1, -1));
    else source += piece.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  return source;
};

const classSource = (written: string): string => {
  const negated = written.startsWith('!');
  // A range that counts down holds nothing, and is no error as it would be in an expression.
  const members = (negated ? written.slice(1) : written).replace(/(.)-(.)/gsu, (range, from: string, to: string) =>
    from > to ? '' : range,
  );
  if (members === '') return negated ? '.' : '(?!)';
  return `[${negated ? '^' : ''}${members.replace(/[\\\][^]/g, '\\$&')}]`;
};

const labelRange = String.raw`\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]`;
const label = String.raw`(?:[\p{L}\p{N}_]|${labelRange})(?:[\p{L}\p{N}_-]|${labelRange})*(?<![_-])`;
const hostName = new RegExp(String.raw`^${label}(?:\.${label})*$`, 'iu');
const hexes = String.raw`(?:[0-9a-f]{1,4}|\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\])`;
/** Ansible anchors only the last way to write an address, so that what begins as one counts as one. */
const address6 = new RegExp(
  [
    `^(?:(?:${hexes}:){7}${hexes}`,
    `(?:${hexes}:){1,6}:`,
    ...[1, 2, 3, 4, 5, 6].map(before => `(?:${hexes}:){${before}}(?::${hexes}){1,${7 - before}}`),
    `:(?::${hexes}){1,6}`,
    `${hexes}?::)`,
  ].join('|'),
  'i',
);

/** True for what could be one host, with or without a port and ranges: its colons cut nothing. */
const isAddress = (text: string): boolean => {
  const bare = /^\[(.+)\]:[0-9]+$/.exec(text)?.[1] ?? /^((?:[^:[\]]|\[[^\]]*\])*):[0-9]+$/.exec(text)?.[1] ?? text;
  return hostName.test(bare) || address6.test(bare);
};

// The only place for filters of texts: cases, cutting, padding, patterns, quoting.
import type { Value } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';
import type { Filters, Given } from './filter.ts';
import { bounded, wrong } from './filter.ts';
import { aligned, percentFormat } from './formats.ts';
import { expand, matchesOf, pythonRegex } from './python-regex.ts';
import { pythonText, shellQuote } from './python-text.ts';

/** By the names that expressions use. */
export const textFilters: Filters = {
  string: value => (value === null ? 'None' : pythonText(value)),
  upper: value => textOf(value).toUpperCase(),
  lower: value => textOf(value).toLowerCase(),
  capitalize: value => capitalized(textOf(value)),
  title: value => textOf(value).replace(/[^\s\-([{<]+/g, capitalized),
  trim: (value, given) => strip(textOf(value), given.has(0, 'chars') ? given.text(0, 'chars') : undefined, 'both'),
  quote: value => shellQuote(pythonText(value)),
  replace: (value, given) => replaceText(textOf(value), given.text(0, 'old'), given.text(1, 'new'), given.number(2, 'count', -1)),
  split: (value, given) =>
    splitText(pythonText(value), given.has(0, 'sep') ? given.text(0, 'sep') : undefined, given.number(1, 'maxsplit', -1)),
  center: (value, given) => centered(textOf(value), given.number(0, 'width', 80), ' '),
  indent: (value, given) => {
    const width = given.value(0, 'width', 4);
    const margin = typeof width === 'string' ? width : ' '.repeat(Math.min(given.number(0, 'width', 4), 1000));
    const [first = '', ...rest] = pythonText(value).split('\n');
    bounded(rest.length * margin.length);
    const blank = given.flag(2, 'blank');
    return [given.flag(1, 'first') ? margin + first : first, ...rest.map(line => (line === '' && !blank ? line : margin + line))].join(
      '\n',
    );
  },
  truncate: (value, given) => {
    const text = textOf(value);
    const [length, end, leeway] = [given.number(0, 'length', 255), given.text(2, 'end', '...'), given.number(3, 'leeway', 5)];
    if (text.length <= length + leeway) return text;
    const cut = text.slice(0, length - end.length);
    return (given.flag(1, 'killwords') ? cut : cut.replace(/ [^ ]*$/, '')) + end;
  },
  wordwrap: (value, given) => wrap(textOf(value), given.number(0, 'width', 79), given.text(2, 'wrapstring', '\n')),
  wordcount: value => textOf(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
  format: (value, given) => percentFormat(textOf(value), given.args, given.args.length > 0 ? undefined : given.named),
  comment: (value, given) => comment(textOf(value), given),
  escape: value => escapeHtml(pythonText(value)),
  e: value => escapeHtml(pythonText(value)),
  safe: value => value,
  urlencode: value => {
    const one = (text: Value): string => encodeURIComponent(pythonText(text)).replace(/[!'()*]/g, hexOf);
    if (isMapping(value))
      return Object.entries(value)
        .map(([key, inner]) => `${one(key)}=${one(inner)}`.replaceAll('%20', '+'))
        .join('&');
    return typeof value === 'string' ? one(value).replaceAll('%2F', '/') : one(value);
  },
  urldecode: value => {
    try {
      return decodeURIComponent(pythonText(value).replaceAll('+', ' '));
    } catch {
      return wrong("'urldecode' met what is no encoded text");
    }
  },
  regex_search: (value, given) => {
    const match = regexOf(given).exec(pythonText(value));
    const groups = given.args.slice(1).map(group => pythonText(group));
    if (match === null) return null;
    if (groups.length === 0) return match[0];
    return groups.map(group => {
      if (!/^\\(?:\d+|g<\w+>)$/.test(group)) wrong('Unknown argument');
      return expand(group, match) === '' && groupIsMissing(group, match) ? null : expand(group, match);
    });
  },
  regex_findall: (value, given) =>
    matchesOf(regexOf(given, ['multiline', 'ignorecase']), pythonText(value)).map(([all, ...groups]) =>
      groups.length === 0 ? all : groups.length === 1 ? (groups[0] ?? '') : groups.map(group => group ?? ''),
    ),
  regex_replace: (value, given) => {
    const text = pythonText(value);
    const replacement = given.text(1, 'replacement');
    const flags = { ignoreCase: given.flag(2, 'ignorecase'), multiline: given.flag(3, 'multiline') };
    let out = '';
    let at = 0;
    for (const match of matchesOf(pythonRegex(given.text(0, 'pattern'), flags), text)) {
      out += text.slice(at, match.index) + expand(replacement, match);
      bounded(out.length);
      at = match.index + match[0].length;
    }
    return out + text.slice(at);
  },
  regex_escape: (value, given) => {
    const kind = given.text(0, 're_type', 'python');
    if (kind === 'posix_basic') return pythonText(value).replace(/[\].[^$*\\]/g, '\\$&');
    return kind === 'python' ? pythonText(value).replace(/[^\w]/gu, escapeSign) : wrong(`Invalid regex type (${kind})`);
  },
};

/** A text, or what a value looks like as one. */
const textOf = (value: Value): string => (value === null ? 'None' : pythonText(value));

const hexOf = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;

/** Python escapes only what could mean something. */
const escapeSign = (char: string): string => ('()[]{}?*+-|^$\\.&~# \t\n\r\v\f'.includes(char) ? `\\${char}` : char);

const groupIsMissing = (group: string, match: RegExpExecArray): boolean => {
  const name = group.replace(/^\\(?:g<)?|>$/g, '');
  return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) === undefined;
};

const regexOf = (given: Given, places?: readonly ['multiline', 'ignorecase']): RegExp =>
  pythonRegex(given.text(0, 'regex'), {
    ignoreCase: given.flag(places === undefined ? 99 : 2, 'ignorecase'),
    multiline: given.flag(places === undefined ? 99 : 1, 'multiline'),
  });

const capitalized = (word: string): string => {
  const [first = '', ...rest] = word;
  return first.toUpperCase() + rest.join('').toLowerCase();
};

/** Without blanks, or without any of some characters. */
export const strip = (text: string, chars: string | undefined, where: 'both' | 'left' | 'right'): string => {
  const isStripped = (char: string): boolean => (chars === undefined ? /\s/.test(char) : chars.includes(char));
  const all = [...text];
  let [from, to] = [0, all.length];
  if (where !== 'right') while (from < to && isStripped(all[from] ?? '')) from++;
  if (where !== 'left') while (to > from && isStripped(all[to - 1] ?? '')) to--;
  return all.slice(from, to).join('');
};

/** Each `old` by `new`, from the left; a negative count means all. */
export const replaceText = (text: string, old: string, by: string, count: number): string => {
  const parts = old === '' ? ['', ...text, ''] : text.split(old);
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  bounded(text.length + times * by.length);
  return (
    parts.slice(0, times + 1).join(by) +
    parts
      .slice(times + 1)
      .map(part => old + part)
      .join('')
  );
};

/** Without a separator at runs of blanks, as Python splits. */
export const splitText = (text: string, separator: string | undefined, most: number): readonly string[] => {
  if (separator === '') return wrong('empty separator');
  if (separator !== undefined) {
    const parts = text.split(separator);
    return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
  }
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const end = most >= 0 && words.length === most ? -1 : rest.search(/\s/);
    if (end === -1) {
      words.push(most >= 0 && words.length === most ? rest.trimEnd() : rest);
      break;
    }
    words.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return words;
};

/** Python puts the odd blank to the left when the width is odd. */
export const centered = (text: string, width: number, fill: string): string => {
  const missing = Math.max(0, width - [...text].length);
  bounded(missing);
  const left = Math.floor(missing / 2) + (missing % 2 === 1 && width % 2 === 1 ? 1 : 0);
  return aligned(fill.repeat(left) + text, width, '<', fill);
};

const wrap = (text: string, width: number, by: string): string =>
  text
    .split('\n')
    .map(line => {
      const lines: string[] = [];
      let current = '';
      for (const word of line.split(' ')) {
        if (current !== '' && current.length + 1 + word.length > width) {
          lines.push(current);
          current = word;
        } else current = current === '' ? word : `${current} ${word}`;
      }
      return [...lines, current].join(by);
    })
    .join(by);

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, char => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' })[char] ?? char);

const commentStyles: Readonly<Record<string, { readonly beginning?: string; readonly decoration: string; readonly end?: string }>> = {
  plain: { decoration: '# ' },
  erlang: { decoration: '% ' },
  c: { decoration: '// ' },
  cblock: { beginning: '/*', decoration: ' * ', end: ' */' },
  xml: { beginning: '<!--', decoration: ' - ', end: '-->' },
};

const comment = (text: string, given: Given): string => {
  const name = given.text(0, 'style', 'plain');
  const style = (Object.hasOwn(commentStyles, name) ? commentStyles[name] : undefined) ?? wrong(`${name} is no style of comments`);
  const say = (part: string, byDefault: string): string => given.text(99, part, byDefault);
  const decoration = say('decoration', style.decoration);
  const newline = say('newline', '\n');
  const edge = decoration.trimEnd();
  const times = (part: string): number => Math.min(given.number(99, part, 1), 1000);
  bounded(text.length * (decoration.length + 1) + Math.max(say('prefix', edge).length, say('postfix', edge).length) * 1000);
  const [beginning, end, prefix, postfix] = [
    say('beginning', style.beginning ?? ''),
    say('end', style.end ?? ''),
    say('prefix', edge),
    say('postfix', edge),
  ];
  const body = (decoration + text.replaceAll(newline, newline + decoration)).replaceAll(decoration + newline, edge + newline);
  return [
    beginning === '' ? '' : beginning + newline,
    prefix === '' ? '' : (prefix === newline ? newline : prefix + newline).repeat(times('prefix_count')),
    body,
    (newline + postfix).repeat(times('postfix_count')),
    end === '' ? '' : newline + end,
  ].join('');
};

// The only place that reads Python's regular expressions: it writes them as the same expressions of JavaScript.
// What runs too long is ended by the limit of the whole evaluation (engine.ts).
import { bounded, wrong } from './filter.ts';

/** How to read a pattern. */
export type RegexFlags = { readonly ignoreCase?: boolean; readonly multiline?: boolean };

const known = new Map<string, RegExp>();

/** The pattern as JavaScript has it, global, so that `lastIndex` says where to begin. */
export const pythonRegex = (pattern: string, { ignoreCase = false, multiline = false }: RegexFlags): RegExp => {
  const key = `${ignoreCase ? 'i' : ''}${multiline ? 'm' : ''}/${pattern}`;
  let regex = known.get(key);
  if (regex === undefined) {
    regex = compile(pattern, ignoreCase, multiline);
    if (known.size > 500) known.clear();
    known.set(key, regex);
  }
  regex.lastIndex = 0;
  return regex;
};

const compile = (pattern: string, ignoreCase: boolean, multiline: boolean): RegExp => {
  const flags = /^\(\?([aiLmsux]+)\)/.exec(pattern);
  const inline = flags?.[1] ?? '';
  const body = flags === null ? pattern : pattern.slice(flags[0].length);
  const isMultiline = multiline || inline.includes('m');
  try {
    const source = translate(inline.includes('x') ? withoutBlanks(body) : body, isMultiline);
    return new RegExp(
      source,
      `gu${ignoreCase || inline.includes('i') ? 'i' : ''}${isMultiline ? 'm' : ''}${inline.includes('s') ? 's' : ''}`,
    );
  } catch {
    return wrong(`"${pattern.slice(0, 80)}" is no regular expression that can be read`);
  }
};

/** (?x): blanks and comments mean nothing. */
const withoutBlanks = (body: string): string =>
  body.replace(/\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\s+|#.*/g, part => (/^[\s#]/.test(part) ? '' : part));

/** What Python writes otherwise, outside and inside of a set. */
const piece =
  /\\(?:([1-9]\d?)|([\s\S]))|\(\?P<(\w+)>|\(\?P=(\w+)\)|(\[\^?\]?(?:\\[\s\S]|[^\]\\])*\])|(\$)|(\{(?!\d*,?\d*\})|\{\}|\{,\}|(?<!\{\d*,?\d*)\})|\{,(\d+)\}/g;

const translate = (body: string, isMultiline: boolean): string =>
  body.replace(piece, (whole, digits, escaped, named, back, set, dollar, brace, upTo) => {
    if (digits !== undefined) return `\\${digits}`;
    if (escaped !== undefined) return escapeOf(escaped as string, 'outside');
    if (named !== undefined) return `(?<${named}>`;
    if (back !== undefined) return `\\k<${back}>`;
    if (set !== undefined) return translateSet(set as string);
    if (dollar !== undefined) return isMultiline ? '$' : '(?=\\n?(?![\\s\\S]))';
    if (brace !== undefined) return (brace as string).replace(/[{}]/g, '\\$&');
    return upTo !== undefined ? `{0,${upTo}}` : whole;
  });

const translateSet = (set: string): string => {
  const [, open = '[', inside = ''] = /^(\[\^?)([\s\S]*)\]$/.exec(set) ?? [];
  const written = inside.replace(/\\([\s\S])|([[\](){}|/^])/g, (_, escaped, sign) =>
    escaped === undefined ? `\\${sign}` : escapeOf(escaped as string, 'inside'),
  );
  return `${open}${written}]`;
};

const classes: Readonly<Record<string, string>> = { d: '\\p{Nd}', D: '\\P{Nd}' };

const escapeOf = (char: string, where: 'outside' | 'inside'): string => {
  if (where === 'outside') {
    if (char === 'A') return '(?<![\\s\\S])';
    if (char === 'Z') return '(?![\\s\\S])';
    if (char === 'w') return '[\\p{L}\\p{N}_]';
    if (char === 'W') return '[^\\p{L}\\p{N}_]';
    if (char === 'b' || char === 'B') return `\\${char}`;
  } else {
    if (char === 'w') return '\\p{L}\\p{N}_';
    if (char === 'W') return '\\W';
    if (char === 'b') return '\\x08';
  }
  if (char in classes) return classes[char] ?? '';
  if (/[sSnrtfvxu0]/.test(char)) return `\\${char}`;
  if (char === 'a') return '\\x07';
  if (/[\^$\\.*+?()[\]{}|/]/.test(char)) return `\\${char}`;
  if (char === '-') return where === 'inside' ? '\\-' : '-';
  return /[A-Za-z]/.test(char) ? wrong(`bad escape \\${char}`) : char;
};

/** What `re.sub` makes of a match: `\1`, `\g<1>`, `\g<name>` and escapes. */
export const expand = (template: string, match: RegExpExecArray): string =>
  template.replace(/\\(?:g<(\w+)>|(\d{1,2})|([\s\S]))/g, (_, named, digits, other) => {
    const group: string | undefined = named ?? digits;
    if (group !== undefined) {
      if (/^\d+$/.test(group)) {
        if (Number(group) >= match.length) wrong(`invalid group reference ${Number(group)}`);
        return match[Number(group)] ?? '';
      }
      if (match.groups === undefined || !(group in match.groups)) wrong(`unknown group name '${group}'`);
      return match.groups?.[group] ?? '';
    }
    const char = other as string;
    const read = { n: '\n', t: '\t', r: '\r', '\\': '\\', a: '\x07', f: '\f', v: '\v', b: '\b' }[char];
    return read ?? (/[A-Za-z]/.test(char) ? wrong(`bad escape \\${char}`) : `\\${char}`);
  });

/** All matches from the left, at most `most`. */
export const matchesOf = (regex: RegExp, text: string, most = Number.POSITIVE_INFINITY): readonly RegExpExecArray[] => {
  const found: RegExpExecArray[] = [];
  for (let match = regex.exec(text); match !== null && found.length < most; match = regex.exec(text)) {
    found.push(match);
    bounded(found.length, 1_000_000);
    if (match[0] === '') regex.lastIndex += (text.codePointAt(regex.lastIndex) ?? 0) > 0xffff ? 2 : 1;
  }
  return found;
};

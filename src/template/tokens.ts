// The only place that cuts Jinja text into pieces: literal text, `{{ expression }}`, `{% statement %}`, comments,
// and expressions into words. It gives nothing a meaning.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';

/** One word of an expression. `text` is as written; for a string with its quotes. */
export type Token = { readonly kind: 'name' | 'number' | 'string' | 'sign'; readonly text: string };

/** One piece of a template. `open` and `close` keep the marks for white space (`{%-`, `-}}`). */
export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'expression' | 'statement';
      readonly open: string;
      readonly close: string;
      /** What stands between the marks. */
      readonly source: string;
      readonly tokens: readonly Token[];
    };

/** True for a text that rendering could change. */
export const mayRender = (text: string): boolean => text.includes('{{') || text.includes('{%') || text.includes('{#');

/** True for a condition in which marks of templates stand; in a string of it they are only text. */
export const hasMarks = (condition: string): boolean => {
  if (!mayRender(condition)) return false;
  const tokens = tokenize(condition);
  return !tokens.ok || tokens.value.some(({ text }, at, all) => text === '{' && ['{', '%'].includes(all[at + 1]?.text ?? ''));
};

const word =
  /\s+|([A-Za-z_]\w*)|(\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)|("(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')|(\*\*|\/\/|[=!<>]=|[-+*/%~|.,:=<>(){}[\]!])/y;
const kinds = ['name', 'number', 'string', 'sign'] as const;

/** The words of an expression; the failure is a sentence. */
export const tokenize = (source: string): Result<readonly Token[], string> => {
  const read = scan(source, 0, undefined);
  return read.ok ? ok(read.value.tokens) : read;
};

/** Cuts a template at its marks. Comments are dropped, `raw` blocks become text. */
export const segment = (template: string): Result<readonly Segment[], string> => {
  const segments: Segment[] = [];
  let at = 0;
  while (at < template.length) {
    const next = template.slice(at).search(/\{[{%#]/);
    if (next === -1) break;
    if (next > 0) segments.push({ kind: 'text', text: template.slice(at, at + next) });
    at += next;
    const cut = template[at + 1] === '#' ? cutComment(template, at) : cutMarked(template, at);
    if (!cut.ok) return cut;
    if (cut.value.segment !== undefined) segments.push(cut.value.segment);
    at = cut.value.end;
  }
  if (at < template.length) segments.push({ kind: 'text', text: template.slice(at) });
  return ok(segments);
};

type Cut = Result<{ readonly segment?: Segment; readonly end: number }, string>;

const cutComment = (template: string, at: number): Cut => {
  const end = template.indexOf('#}', at + 2);
  return end === -1 ? no('{# has no #} behind it') : ok({ end: end + 2 });
};

const cutMarked = (template: string, at: number): Cut => {
  const isExpression = template[at + 1] === '{';
  const open = /^.{2}[-+]?/s.exec(template.slice(at, at + 3))?.[0] ?? '';
  const closing = isExpression ? '}}' : '%}';
  const read = scan(template, at + open.length, closing);
  if (!read.ok) return read;
  const { tokens, end } = read.value;
  const close = /[-+]/.test(template[end - 3] ?? '') && end - 3 >= at + open.length ? template.slice(end - 3, end) : closing;
  const source = template.slice(at + open.length, end - close.length).trim();
  if (!isExpression && source === 'raw') return cutRaw(template, end);
  const marked = { open, close, source, tokens: close.length === 3 ? tokens.slice(0, -1) : tokens };
  return ok({ segment: { kind: isExpression ? 'expression' : 'statement', ...marked }, end });
};

const cutRaw = (template: string, at: number): Cut => {
  const end = /\{%[-+]?\s*endraw\s*[-+]?%\}/.exec(template.slice(at));
  if (end === null) return no('{% raw %} has no {% endraw %} behind it');
  return ok({ segment: { kind: 'text', text: template.slice(at, at + end.index) }, end: at + end.index + end[0].length });
};

/** Reads words until the closing mark (outside strings and brackets) or, without one, until the end. */
const scan = (
  source: string,
  from: number,
  closing: string | undefined,
): Result<{ readonly tokens: readonly Token[]; readonly end: number }, string> => {
  const tokens: Token[] = [];
  let depth = 0;
  let at = from;
  while (at < source.length) {
    if (closing !== undefined && depth === 0 && source.startsWith(closing, at)) return ok({ tokens, end: at + 2 });
    word.lastIndex = at;
    const match = word.exec(source);
    if (match === null) return no(`${JSON.stringify(source[at])} means nothing in an expression`);
    at += match[0].length;
    const kind = kinds.find((_, index) => match[index + 1] !== undefined);
    if (kind === undefined) continue;
    if (kind === 'sign' && '([{'.includes(match[0])) depth++;
    if (kind === 'sign' && ')]}'.includes(match[0])) depth = Math.max(0, depth - 1);
    tokens.push({ kind, text: match[0] });
  }
  if (closing === undefined) return ok({ tokens, end: at });
  return no(`${closing === '}}' ? '{{' : '{%'} has no ${closing} behind it`);
};

const no = (failure: string): { readonly ok: false; readonly failure: string } => ({ ok: false, failure });

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** What a string with its quotes says where backslashes are only that; the quote itself may still be escaped. */
export const rawString = (quoted: string): string => quoted.slice(1, -1).replaceAll(`\\${quoted[0] ?? ''}`, quoted[0] ?? '');

/** What a string with its quotes says, with Python's escapes; an unknown one keeps its backslash, so that '\\d' works in a pattern. */
export const pythonString = (quoted: string): string =>
  quoted.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{1,3})|([\s\S]))/g, (whole, hex2, hex4, octal, other) => {
    const hex: string | undefined = hex2 ?? hex4;
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal as string, 8));
    return escapes[other as string] ?? whole;
  });

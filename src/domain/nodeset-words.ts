// The only place that reads ClusterShell's notation in full: `web[01-10,15]`, steps, several brackets, and the operators
// `,` (and) `!` (without) `&` (only those also in) `^` (in one of the two), worked off from left to right.
// It knows no inventory; groups (`@web`) and wildcards are the business of patterns.
// @see https://clustershell.readthedocs.io/en/latest/tools/nodeset.html
import { sortNames } from './nodeset-fold.ts';
import type { Result } from './result.ts';
import { ok } from './result.ts';

/** Most names that one nodeset may stand for. */
const mostNames = 100_000;

/** The names, each once, in the order of `nodeset --expand`. The failure is a sentence. */
export const readNodeset = (text: string): Result<readonly string[], string> => {
  let names = new Set<string>();
  let operator = ',';
  for (const [part, next] of cut(text)) {
    if (part === '') return no(`the nodeset "${text}" has nothing on one side of ${next || operator}; write names on both sides`);
    const those = expandPart(part);
    if (!those.ok) return no(`"${part}" in a nodeset ${those.failure}`);
    const other = new Set(those.value);
    const kept = [...names].filter(name => operator === ',' || other.has(name) === (operator === '&'));
    const added = operator === ',' || operator === '^' ? [...other].filter(name => !names.has(name)) : [];
    names = new Set([...kept, ...added]);
    if (names.size > mostNames) return tooMany;
    operator = next;
  }
  return ok(sortNames(names));
};

/** Parts, each with the operator behind it; inside brackets a comma is no operator. */
const cut = (text: string): readonly (readonly [part: string, operator: string])[] => {
  const parts: [string, string][] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (letter === '[') depth++;
    else if (letter === ']') depth--;
    else if (depth === 0 && ',!&^'.includes(letter)) {
      parts.push([text.slice(from, at).trim(), letter]);
      from = at + 1;
    }
  }
  return [...parts, [text.slice(from).trim(), '']];
};

const expandPart = (part: string): Result<readonly string[], string> => {
  if (/^@|[*?]/.test(part)) return no('is a group or a wildcard, which only a pattern can have; name the inventory with -i');
  const pieces = part.split(/(\[[^[\]]*\])/);
  let names: readonly string[] = [''];
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 0) {
      if (/[[\]]/.test(piece)) return no('has a bracket without its other half');
      if (piece === '' && index > 0 && index < pieces.length - 1) return no('has a bracket right behind another');
      names = names.map(name => name + piece);
      continue;
    }
    const digitsBefore = /\d$/.test(pieces[index - 1] ?? '');
    if (piece.includes('/') && /^\d/.test(pieces[index + 1] ?? '')) return no('has digits behind a range with steps');
    const numbers = expandBracket(piece.slice(1, -1), digitsBefore);
    if (!numbers.ok) return numbers;
    if (names.length * numbers.value.length > mostNames) return tooMany;
    names = names.flatMap(name => numbers.value.map(number => name + number));
  }
  return ok(names);
};

const expandBracket = (inside: string, digitsBefore: boolean): Result<readonly string[], string> => {
  const numbers: string[] = [];
  for (const written of inside.split(',')) {
    const range = /^\s*(\d+)(?:\s*-\s*(\d+))?(?:\/(\d+))?\s*$/.exec(written);
    if (range === null) return no(`has a range that is none: [${inside}]; write for example [01-10,15] or [0-8/2]`);
    const [, first = '', last = first, step = '1'] = range;
    const [from, to, by] = [BigInt(first), BigInt(last), BigInt(step)];
    if (from > to || by === 0n || (last === first && range[2] === undefined && by !== 1n)) {
      return no(`has a range that holds nothing: [${written}]; write the smaller end first, and a step above 0 behind a range`);
    }
    const pads = /^0\d/.test(first) || (/^0\d/.test(last) && to > 0n);
    if (pads && first.length !== last.length) {
      return no(`has ends of different lengths: [${written}]; pad both`);
    }
    // ClusterShell puts the digits before both ends and counts from 19 to 111.
    if (digitsBefore && String(from).length !== String(to).length && !pads) {
      return no('has digits before a range whose ends have different lengths, which means many names more; write the digits inside');
    }
    if ((to - from) / by > BigInt(mostNames)) return tooMany;
    const width = pads || /^0\d/.test(first) ? first.length : 0;
    for (let number = from; number <= to; number += by) numbers.push(String(number).padStart(width, '0'));
    if (numbers.length > mostNames) return tooMany;
  }
  return ok(numbers);
};

const no = (failure: string): { readonly ok: false; readonly failure: string } => ({ ok: false, failure });

const tooMany = no(`stands for more than ${mostNames} names; write a smaller range`);

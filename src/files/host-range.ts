// The only place that reads how hosts are written in an inventory: `web[01:50:2]`, `[a:f]`, `host:2222`, `[::1]:22`.
// It makes names of them, as Ansible does; it knows no groups.
import type { HostDeclaration } from '../domain/inventory.ts';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';

/** Names, and the port that was written behind them. */
type HostNames = { readonly names: readonly string[]; readonly port?: number };

/** One range may not make more hosts than this. */
const rangeLimit = 100_000;

/** Reads one written host. The failure is a sentence without a position. */
const readHostNames = (written: string): Result<HostNames, string> => {
  if (/^[\w.-]+$/.test(written)) return ok({ names: [written] });
  if (/[\p{Cc}\s]/u.test(written))
    return no(`"${JSON.stringify(written).slice(1, -1)}" is no host name; take the blanks and control characters out`);
  if (written === '') return no('a host name is empty; write a name before the colon');
  const { pattern, port } = cutPort(written);
  const names = expand(pattern);
  if (!names.ok) return names;
  const open = names.value.find(name => name.includes('['));
  if (open !== undefined && /\[[^\]]*\]/.test(open))
    return no(`"${open}" has brackets without a range; a range has a colon, as in [01:50]`);
  if (open !== undefined) return no(`"${open}" has a bracket that is not closed; write a range as [01:50], or take it out`);
  return ok({ names: names.value, ...(port === undefined ? {} : { port }) });
};

/** The hosts that are written with these variables; a port said among them wins over one behind the name. */
export const declareHosts = (written: string, vars: HostDeclaration['vars']): Result<readonly HostDeclaration[], string> => {
  const read = readHostNames(written);
  if (!read.ok) return read;
  const { names, port } = read.value;
  return ok(names.map(name => ({ kind: 'host', name, vars, ...(port !== undefined && { port }) })));
};

/** Cuts `:2222` off; a bare IPv6 address keeps its colons. */
const cutPort = (written: string): { readonly pattern: string; readonly port?: number } => {
  const bracketed = /^\[([0-9a-fA-F:.%]*:[0-9a-fA-F:.%]*:[0-9a-zA-Z:.%]*)\](?::(\d+))?$/.exec(written);
  if (bracketed?.[1] !== undefined) return withPort(bracketed[1], bracketed[2]);
  const outside = written.replace(/\[[^\]]*\]/g, '');
  if ((outside.match(/:/g) ?? []).length !== 1) return { pattern: written };
  const named = /^(.+):(\d+)$/.exec(written);
  return named?.[1] === undefined ? { pattern: written } : withPort(named[1], named[2]);
};

const withPort = (pattern: string, port: string | undefined) => (port === undefined ? { pattern } : { pattern, port: Number(port) });

const expand = (pattern: string): Result<readonly string[], string> => {
  const cut = /^([^[]*)\[([^\]]*:[^\]]*)\](.*)$/.exec(pattern);
  if (cut === null) return ok([pattern]);
  const [, head = '', range = '', tail = ''] = cut;
  const middles = expandRange(range);
  if (!middles.ok) return middles;
  const ends = expand(tail);
  if (!ends.ok) return ends;
  if (middles.value.length * ends.value.length > rangeLimit)
    return no(`[${range}] makes more than ${rangeLimit} hosts; write a smaller range`);
  return ok(middles.value.flatMap(middle => ends.value.map(end => `${head}${middle}${end}`)));
};

const expandRange = (range: string): Result<readonly string[], string> => {
  const [from = '', to = '', every = '1', ...more] = range.split(':');
  if (more.length > 0) return no(`[${range}] has too many parts; write [first:last] or [first:last:step]`);
  const step = Number(every);
  if (!/^\d+$/.test(every) || step < 1) return no(`[${range}] has a step that is no number above 0; write for example [01:50:2]`);
  if (/^[a-zA-Z]$/.test(from) && /^[a-zA-Z]$/.test(to)) {
    const codes = counted(letters.indexOf(from), letters.indexOf(to), step, range);
    return codes.ok ? ok(codes.value.map(code => letters.charAt(code))) : codes;
  }
  const first = from === '' ? '0' : from;
  if (!/^\d+$/.test(first) || !/^\d+$/.test(to)) return no(`[${range}] is no range; write [01:50], [a:f] or [01:50:2]`);
  const width = first.length > 1 && first.startsWith('0') ? first.length : 0;
  if (width > 0 && to.length !== width) {
    const longest = Math.max(width, to.length);
    return no(`[${range}] has ends of different lengths; pad both, as in [${first.padStart(longest, '0')}:${to.padStart(longest, '0')}]`);
  }
  const numbers = counted(Number(first), Number(to), step, range);
  return numbers.ok ? ok(numbers.value.map(number => String(number).padStart(width, '0'))) : numbers;
};

/** Python's order of letters, so that [Y:b] is refused and [y:B] counts on into the capitals. */
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

const counted = (first: number, last: number, step: number, range: string): Result<readonly number[], string> => {
  if (first > last) return no(`[${range}] counts down; write the smaller end first`);
  if ((last - first) / step > rangeLimit) return no(`[${range}] makes more than ${rangeLimit} hosts; write a smaller range`);
  return ok(Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step));
};

const no = (failure: string): { readonly ok: false; readonly failure: string } => ({ ok: false, failure });

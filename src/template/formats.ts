// The only place for Python's three ways to put values into a text: `%`, `str.format`, and the dates of strftime.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import { attributeOf, bounded, kindOf, wrong } from './filter.ts';
import { pythonRepr, pythonText } from './python-text.ts';

/** `'%s: %05.1f' % (a, b)`; one mapping fills `%(name)s`. */
export const percentFormat = (text: string, values: readonly Value[], names: Vars | undefined): string => {
  let next = 0;
  const filled = text.replace(/%(?:\((\w+)\))?([-+ #0]*)(\d+|\*)?(?:\.(\d+))?([a-zA-Z%])/g, (_, name, flags, width, precision, kind) => {
    if (kind === '%') return '%';
    if (width === '*') return wrong('a width of * cannot be read here');
    const place = next;
    if (name === undefined) next++;
    const value = name === undefined ? values[place] : names === undefined ? wrong('format requires a mapping') : lookUp(names, name);
    if (value === undefined) return wrong(name === undefined ? 'not enough arguments for format string' : `'${name}'`);
    const written = convert(value, kind as string, precision === undefined ? undefined : Number(precision), flags as string);
    return pad(written, Number(width ?? 0), flags as string);
  });
  if (next < values.length && names === undefined) wrong('not all arguments converted during string formatting');
  bounded(filled.length);
  return filled;
};

const convert = (value: Value, kind: string, precision: number | undefined, flags: string): string => {
  if (kind === 's' || kind === 'r') {
    const text = kind === 'r' || value === null ? pythonRepr(value) : pythonText(value);
    return precision === undefined ? text : text.slice(0, precision);
  }
  if (kind === 'c') return typeof value === 'number' ? String.fromCodePoint(value) : pythonText(value);
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number') return wrong(`%${kind} format: a real number is required, not ${kindOf(value)}`);
  return signed(number, numberText(Math.abs(number), kind, precision, flags.includes('#')), flags);
};

const signed = (number: number, digits: string, flags: string): string => {
  if (number < 0 || Object.is(number, -0)) return `-${digits}`;
  return flags.includes('+') ? `+${digits}` : flags.includes(' ') ? ` ${digits}` : digits;
};

const numberText = (number: number, kind: string, precision: number | undefined, alternate: boolean): string => {
  const places = Math.min(precision ?? 6, 100);
  switch (kind) {
    case 'd':
    case 'i':
    case 'u':
      return String(BigInt(Math.trunc(number))).padStart(Math.min(precision ?? 0, 1000), '0');
    case 'x':
      return `${alternate ? '0x' : ''}${Math.trunc(number).toString(16)}`;
    case 'X':
      return `${alternate ? '0X' : ''}${Math.trunc(number).toString(16).toUpperCase()}`;
    case 'o':
      return `${alternate ? '0o' : ''}${Math.trunc(number).toString(8)}`;
    case 'b':
      return `${alternate ? '0b' : ''}${Math.trunc(number).toString(2)}`;
    case 'f':
    case 'F':
      return number.toFixed(places);
    case 'e':
    case 'E': {
      const text = number.toExponential(places).replace(/e([+-])(\d)$/, 'e$10$2');
      return kind === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G':
      return general(number, places === 0 ? 1 : places);
    case '%':
      return `${(number * 100).toFixed(places)}%`;
    default:
      return wrong(`unsupported format character '${kind}'`);
  }
};

const general = (number: number, digits: number): string => {
  if (number === 0) return '0';
  const exponent = Math.floor(Math.log10(number));
  if (exponent >= -4 && exponent < digits) return String(Number(number.toPrecision(digits)));
  return number
    .toExponential(digits - 1)
    .replace(/\.?0+e/, 'e')
    .replace(/e([+-])(\d)$/, 'e$10$2');
};

const pad = (text: string, width: number, flags: string): string => {
  bounded(width);
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || !/^[-+ ]?[\d.]/.test(text)) return text.padStart(width);
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
};

/** `'{} {name:>8}'.format(a, name=b)` */
export const braceFormat = (text: string, values: readonly Value[], named: Vars): string => {
  let next = 0;
  const filled = text.replace(
    /\{\{|\}\}|\{([^{}:!]*)(?:!([rsa]))?(?::([^{}]*))?\}/g,
    (whole, field: string | undefined, conversion, spec) => {
      if (field === undefined) return whole[0] ?? '';
      const [, root = '', rest = ''] = /^(\w*)(.*)$/.exec(field) ?? [];
      const value = /^\d*$/.test(root) ? values[root === '' ? next++ : Number(root)] : lookUp(named, root);
      if (value === undefined)
        return wrong(root === '' || /^\d+$/.test(root) ? 'Replacement index out of range for positional args tuple' : `'${root}'`);
      const keys = rest.replace(/\[(\w+)\]/g, '.$1').replace(/^\./, '');
      // In Python `.x` is an attribute of the object, which data has none of; an entry is all there is here.
      const found = keys === '' ? value : (attributeOf(value, keys) ?? wrong(`'${keys}' is not there`));
      return formatSpec(conversion === 'r' ? pythonRepr(found) : found, (spec as string | undefined) ?? '');
    },
  );
  bounded(filled.length);
  return filled;
};

const formatSpec = (value: Value, spec: string): string => {
  const read = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su.exec(spec);
  if (read === null) return wrong('Invalid format specifier');
  const [, fill, align, sign = '', alternate, zero, width = '0', group, precision, kind] = read;
  const isNumber = typeof value === 'number' && kind !== 's';
  const places = precision === undefined ? undefined : Number(precision);
  let text: string;
  if (isNumber) {
    const type = kind ?? (Number.isInteger(value) ? (places === undefined ? 'd' : 'g') : places === undefined ? undefined : 'g');
    const digits = type === undefined ? String(Math.abs(value)) : numberText(Math.abs(value), type, places, alternate !== undefined);
    text = signed(value, group === undefined ? digits : digits.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, group), sign);
  } else {
    if (kind !== undefined && kind !== 's') wrong(`Unknown format code '${kind}' for object of type '${kindOf(value)}'`);
    if (isMapping(value) && spec !== '') wrong('unsupported format string passed to dict.__format__');
    const whole = value === null ? 'None' : pythonText(value);
    text = places === undefined ? whole : whole.slice(0, places);
  }
  const size = Number(width);
  if (zero !== undefined && align === undefined && isNumber) return pad(text, size, '0');
  return aligned(text, size, align ?? (isNumber ? '>' : '<'), fill ?? ' ');
};

/** A text in a field. */
export const aligned = (text: string, width: number, align: string, fill = ' '): string => {
  bounded(width);
  const missing = Math.max(0, width - [...text].length);
  const left = align === '<' ? 0 : align === '^' ? Math.floor(missing / 2) : missing;
  return fill.repeat(left) + text + fill.repeat(missing - left);
};

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = 'January February March April May June July August September October November December'.split(' ');

/** The C library's words for a moment. @param at ms since 1970, already shifted so that its UTC fields are what is meant */
export const dateFormat = (format: string, at: Date, zone: { readonly name: string; readonly offset: string }): string => {
  const two = (n: number, fill = '0'): string => String(n).padStart(2, fill);
  const [year, month, day, hour, minute, second, weekday] = [
    at.getUTCFullYear(),
    at.getUTCMonth(),
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    at.getUTCDay(),
  ];
  const dayOfYear = Math.floor((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const week = (first: number): string => two(Math.floor((dayOfYear + 6 - ((weekday - first + 7) % 7)) / 7));
  const say = (letters: string): string =>
    letters.replace(/%-?([a-zA-Z%])/g, (whole, letter: string) => {
      const text = one(letter) ?? whole;
      return whole.startsWith('%-') ? text.replace(/^[0 ]+(?=\d)/, '') : text;
    });
  const iso = (): { readonly year: number; readonly week: number } => {
    const thursday = new Date(Date.UTC(year, month, day + 4 - (weekday === 0 ? 7 : weekday)));
    const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
    return { year: thursday.getUTCFullYear(), week: Math.floor((thursday.getTime() - first) / (7 * 86_400_000)) + 1 };
  };
  const one = (letter: string): string | undefined => {
    switch (letter) {
      case 'Y':
        return String(year);
      case 'y':
        return two(year % 100);
      case 'C':
        return two(Math.floor(year / 100));
      case 'm':
        return two(month + 1);
      case 'd':
        return two(day);
      case 'e':
        return two(day, ' ');
      case 'H':
        return two(hour);
      case 'I':
        return two(hour % 12 === 0 ? 12 : hour % 12);
      case 'M':
        return two(minute);
      case 'S':
        return two(second);
      case 'p':
        return hour < 12 ? 'AM' : 'PM';
      case 'j':
        return String(dayOfYear).padStart(3, '0');
      case 'a':
        return (days[weekday] ?? '').slice(0, 3);
      case 'A':
        return days[weekday];
      case 'b':
      case 'h':
        return (months[month] ?? '').slice(0, 3);
      case 'B':
        return months[month];
      case 'u':
        return String(weekday === 0 ? 7 : weekday);
      case 'w':
        return String(weekday);
      case 'U':
        return week(0);
      case 'W':
        return week(1);
      case 'V':
        return two(iso().week);
      case 'G':
        return String(iso().year);
      case 's':
        return String(Math.floor(at.getTime() / 1000));
      case 'Z':
        return zone.name;
      case 'z':
        return zone.offset;
      case 'F':
        return say('%Y-%m-%d');
      case 'T':
        return say('%H:%M:%S');
      case 'R':
        return say('%H:%M');
      case 'D':
        return say('%m/%d/%y');
      case 'c':
        return say('%a %b %e %H:%M:%S %Y');
      case 'x':
        return say('%m/%d/%y');
      case 'X':
        return say('%H:%M:%S');
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case '%':
        return '%';
      default:
        return undefined;
    }
  };
  return say(format);
};

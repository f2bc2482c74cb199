// The only place that says which plain YAML words are numbers, truths or nothing: YAML 1.1 as PyYAML has it,
// since that is what Ansible's files were written for (`yes` is true, `0644` is octal, `1e3` is text).
// @see https://yaml.org/type/ for the 1.1 rules

/** What a scalar can be. */
export type ScalarValue = null | boolean | number | string;

const nothing = /^(?:~|null|Null|NULL|)$/;
const yes = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const no = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const integer = /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/;
const float = /^[-+]?(?:(?:[0-9][0-9_]*)\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/;

/** The value of a plain (unquoted) scalar. A number that JavaScript cannot hold exactly stays text. */
export const resolvePlain = (text: string): ScalarValue => {
  const first = text.charCodeAt(0);
  // Most words begin with a letter or a slash and are text: say so before six patterns are tried.
  if (!(first >= 43 && first <= 57) && !/^[~nNyYtToOfF]|^$/.test(text)) return text;
  if (nothing.test(text)) return null;
  if (yes.test(text)) return true;
  if (no.test(text)) return false;
  if (integer.test(text)) return exact(readInteger(text.replaceAll('_', '')), text);
  if (float.test(text)) return Number(text.replaceAll('_', ''));
  return text;
};

const readInteger = (text: string): number => {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  if (digits.includes(':')) return sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  if (/^0[bx]/.test(digits)) return sign * Number(digits);
  if (digits.startsWith('0')) return sign * Number.parseInt(digits, 8);
  return sign * Number(digits);
};

const exact = (number: number, text: string): ScalarValue => (Number.isSafeInteger(number) ? number + 0 : text);

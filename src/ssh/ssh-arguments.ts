// The only place that reads ssh's command line as it stands in `ansible_ssh_common_args`: words, flags, `-o` options.
// It knows which options there are to read, not what they mean for a connection.
// @see ssh(1) for the flags that take a value
import { fail, ok, type Result } from '../domain/result.ts';

/** Options by lower-case name, values in order. */
export type SshArguments = {
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Names of what was written but is not in `understood`, each once, as it was written. */
  readonly others: readonly string[];
  /** Those of them that ask for something: `no` and `none` don't. */
  readonly wanted: readonly string[];
  /** The ssh_config that is read in place of the usual ones; `none` is none at all. */
  readonly configFile?: string;
};

const FLAGS_WITH_VALUE = 'BbcDEeFIiJLlmOopQRSWw';
/** Flags that are another way to write an option. */
const FLAG_OPTIONS: Readonly<Record<string, string>> = {
  ...{ b: 'bindaddress', c: 'ciphers', i: 'identityfile', J: 'proxyjump', l: 'user', m: 'macs', p: 'port' },
};
/** Flags that stand for an option with its value. */
const FLAG_VALUES: Readonly<Record<string, readonly [string, string]>> = {
  4: ['addressfamily', 'inet'],
  6: ['addressfamily', 'inet6'],
};

/**
 * @param understood lower-case option names
 * @returns the options, or the reason why the text cannot be read
 */
export const readSshArguments = (text: string, understood: ReadonlySet<string>): Result<SshArguments, string> => {
  const split = shellWords(text);
  if (!split.ok) return split;
  const options = new Map<string, string[]>();
  /** And whether it asks for anything. */
  const others = new Map<string, boolean>();
  const note = (written: string, value = 'yes'): void =>
    void others.set(written, others.get(written) === true || !/^(?:no|none|false)$/.test(value));
  const take = (written: string, value: string): void => {
    const name = written.toLowerCase();
    if (understood.has(name)) options.set(name, [...(options.get(name) ?? []), value]);
    else note(written, value);
  };
  let configFile: string | undefined;
  const words = split.value[Symbol.iterator]();
  for (const word of words) {
    if (!/^-./.test(word)) {
      note(word);
      continue;
    }
    // Flags may share one dash; the first one that takes a value ends the word.
    for (let at = 1; at < word.length; at++) {
      const flag = word[at] ?? '';
      if (!FLAGS_WITH_VALUE.includes(flag)) {
        const [option, value] = FLAG_VALUES[flag] ?? [];
        if (option !== undefined && value !== undefined && understood.has(option)) take(option, value);
        else note(`-${flag}`);
        continue;
      }
      const value = word.slice(at + 1) || words.next().value;
      if (value === undefined) return fail(`-${flag} lacks its value`);
      const option = flag === 'o' ? splitOption(value) : undefined;
      if (flag === 'o' && option === undefined) return fail(`-o ${value}: no value`);
      if (option !== undefined) take(option.name, option.value);
      else if (flag === 'F') configFile = value;
      else if (FLAG_OPTIONS[flag] !== undefined) take(FLAG_OPTIONS[flag], value);
      else note(`-${flag}`);
      break;
    }
  }
  return ok({
    options,
    others: [...others.keys()],
    wanted: [...others].flatMap(([name, asks]) => (asks ? [name] : [])),
    ...(configFile !== undefined && { configFile }),
  });
};

/** `Name=value`, `Name value`, `Name = value`. */
const splitOption = (text: string): { name: string; value: string } | undefined => {
  const match = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(\S.*?)\s*$/s.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { name: match[1], value: match[2] };
};

/** Splits text as a POSIX shell splits words, without expanding anything. */
export const shellWords = (text: string): Result<readonly string[], string> => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
    } else if (char === '\\') {
      const next = text[++at];
      if (next === undefined) return fail('a backslash stands at the end');
      word = (word ?? '') + (quote === '"' && !'"\\$`\n'.includes(next) ? `\\${next}` : next === '\n' ? '' : next);
    } else if (quote === '"') {
      if (char === '"') quote = '';
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') return fail(`a quote (${quote}) is not closed`);
  if (word !== undefined) words.push(word);
  return ok(words);
};

/** A value that is a list of paths: blanks separate, double quotes hold together. */
export const splitPaths = (value: string): readonly string[] =>
  [...value.matchAll(/"([^"]*)"|(\S+)/g)].map(match => match[1] ?? match[2] ?? '').filter(Boolean);

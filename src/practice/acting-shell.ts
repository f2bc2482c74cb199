// The only place that reads a command for a host that only acts: words, quotes, ; && || and newlines, nothing else.
// What it doesn't understand is refused whole, so that never half of a script is played. It runs nothing, ever.

/** One simple command and how it hangs on the one before. */
export type Simple = {
  readonly words: readonly string[];
  /** `always`, or only after a success (`&&`) or a failure (`||`). */
  readonly when: 'always' | 'after-success' | 'after-failure';
};

/** A script as a list of simple commands, or why it can't be one. */
export type Script = { readonly simples: readonly Simple[] } | { readonly refused: string };

const special = new Set('|&<>()$`*?[]{}~!');

/** Reads a script; output that is only sent to /dev/null or from one stream to the other is left out. */
export const readScript = (text: string): Script => {
  const simples: Simple[] = [];
  let words: string[] = [];
  let when: Simple['when'] = 'always';
  const close = (next: Simple['when']) => {
    if (words.length > 0) simples.push({ words, when });
    words = [];
    when = next;
  };
  const source = text.replace(/\s[12]?>(&[12]|\s?\/dev\/null)(?=[\s;]|$)/g, ' ');
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const separator = /^(&&|\|\||[;\n])/.exec(rest)?.[0];
    const blank = /^([ \t]+|\\\n|#[^\n]*)/.exec(rest)?.[0];
    if (separator !== undefined) {
      close(separator === '&&' ? 'after-success' : separator === '||' ? 'after-failure' : 'always');
      at += separator.length;
    } else if (blank !== undefined) {
      at += blank.length;
    } else {
      const word = readWord(source, at);
      if ('refused' in word) return word;
      words.push(word.text);
      at = word.end;
    }
  }
  close('always');
  return { simples };
};

type Word = { readonly text: string; readonly end: number } | { readonly refused: string };

const readWord = (source: string, from: number): Word => {
  let text = '';
  let at = from;
  let quote: '"' | "'" | undefined;
  for (; at < source.length; at += 1) {
    const char = source[at]!;
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else if (quote === '"' && (char === '$' || char === '`')) return { refused: char };
      else if (quote === '"' && char === '\\' && '"\\$`'.includes(source[at + 1] ?? ' ')) text += source[++at];
      else text += char;
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === '\\') {
      text += source[++at] ?? '';
    } else if (' \t\n;'.includes(char) || source.startsWith('&&', at) || source.startsWith('||', at)) {
      break;
    } else if (special.has(char)) {
      return { refused: char };
    } else {
      text += char;
    }
  }
  return quote === undefined ? { text, end: at } : { refused: 'a quote without its end' };
};

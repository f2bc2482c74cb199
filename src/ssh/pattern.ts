// The only place for ssh's patterns: `*`, `?`, and lists with commas in which `!` takes out. @see ssh_config(5), PATTERNS
/** True where the whole text matches; brackets stand for themselves, because `[host]:port` is written with them. */
export const matchesPattern = (text: string, pattern: string): boolean => {
  // Greedy with one way back: two pointers, so that no pattern takes longer than text × pattern.
  let at = 0;
  let star = -1;
  let mark = 0;
  let from = 0;
  while (from < text.length) {
    const char = pattern.charAt(at);
    if (char === '*') {
      star = at++;
      mark = from;
    } else if (char !== '' && (char === '?' || char === text.charAt(from))) {
      at++;
      from++;
    } else if (star !== -1) {
      at = star + 1;
      from = ++mark;
    } else return false;
  }
  while (pattern.charAt(at) === '*') at++;
  return at === pattern.length;
};

/** A list in which a pattern behind `!` vetoes the rest. Text and patterns of hosts must be in lower case. */
export const matchesPatternList = (text: string, patterns: readonly string[]): boolean => {
  let matches = false;
  for (const written of patterns) {
    const isNegated = written.startsWith('!');
    if (!matchesPattern(text, isNegated ? written.slice(1) : written)) continue;
    if (isNegated) return false;
    matches = true;
  }
  return matches;
};

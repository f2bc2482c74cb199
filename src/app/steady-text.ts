// The only place that knows over which characters terminals disagree: how wide they are, or what they make of several together.
// A row that holds one is drawn out of step when only its end is written anew, so each gets a stand-in whose width is beyond dispute.

/** Jamo, hexagrams, framed numbers and key caps; a letter that joins whatever follows; what Unicode added since most terminals learned their widths; beyond the first plane all but what is common. */
const disputed =
  /[\u088f\u0d4e\u0c5c\u0cdc\u1100-\u11ff\u1b4e\u1b4f\u1b7f\u1c89\u1c8a\u2427-\u2429\u2630-\u2637\u268a-\u268f\u2b96\u2ffc-\u2fff\u31e4\u31e5\u31ef\u3248-\u324f\ua7cb-\ua7dc\ua7f1\ud7b0-\ud7ff\ufbc3-\ufbd2\ufd90\ufd91\ufdc8-\ufdce\u{10000}-\u{1d3ff}\u{1d800}-\u{1f2ff}\u{1f650}-\u{1f67f}\u{1f6d8}-\u{1f6df}\u{1f6fd}-\u{1f7df}\u{1f7ec}-\u{1f8ff}\u{1fa00}-\u{1ffff}\u{30000}-\u{10ffff}]|\u0cf3|\u20c1|\u20e3/u;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const isMark = (character: string): boolean => /\p{M}/u.test(character);

/** The text with stand-ins; it says the same, as far as it can be said in cells of undisputed width. */
export const steadyText = (text: string): string => Array.from(graphemes.segment(text), part => steadyCluster(part.segment)).join('');

/** One letter with its marks stays; letters that a cluster joins are told apart, since only some terminals draw them in one cell. */
const steadyCluster = (cluster: string): string => {
  const [letter = '', ...rest] = cluster.normalize('NFC');
  if (rest.every(isMark)) return disputed.test(letter) ? '?' : letter + rest.filter(mark => !disputed.test(mark)).join('');
  const letters = Array.from(cluster.normalize('NFKD')).filter(character => !isMark(character));
  const apart = letters.map(character => (disputed.test(character) ? '?' : character)).join('');
  return Array.from(graphemes.segment(apart)).length === letters.length ? apart : `${letter}${'?'.repeat(letters.length - 1)}`;
};

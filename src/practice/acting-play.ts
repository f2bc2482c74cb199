// The only place that turns a command into a play: all that an acting host will say to it, with the moments, worked
// out at the start. Later looks only compare moments with the clock.
import { actingPrograms, type Facts } from './acting-programs.ts';
import { readScript, type Simple } from './acting-shell.ts';

/** Bytes of one stream that are there from a moment on, in milliseconds after the start. */
export type Cue = { readonly at: number; readonly stream: 'out' | 'err'; readonly bytes: Buffer };

/** What will happen, if nobody ends it before. */
export type Play = {
  readonly cues: readonly Cue[];
  /** Milliseconds from start to end. */
  readonly lasts: number;
  readonly code: number;
  /** Milliseconds from the start until a package manager's lock is free again; 0 without one. */
  readonly locksFor: number;
  /** Whether the host goes down when it has ended. */
  readonly reboots: boolean;
};

/** Plays a script against the facts of its host; `why` is told with a refusal. */
export const playOf = (script: string, facts: Facts, why: string): Play => {
  const read = readScript(script);
  if ('refused' in read) return refusal(`it understands simple commands only, and not ${read.refused}`, why);
  const simples = read.simples.map(plain).filter(simple => simple.words.length > 0);
  const unknown = simples.map(simple => simple.words[0]!).find(name => name !== 'exit' && !actingPrograms.has(name));
  if (unknown !== undefined) return refusal(`it doesn't know ${JSON.stringify(unknown)}`, why);
  return playAll(simples, facts);
};

const refusal = (what: string, why: string): Play => {
  const known = [...actingPrograms.keys()].filter(name => /^[a-z]/.test(name)).join(' ');
  const text = `practice: this host only acts, since ${why}; ${what}.\nIt knows: ${known}\n`;
  return { cues: [{ at: 0, stream: 'err', bytes: Buffer.from(text) }], lasts: 0, code: 126, locksFor: 0, reboots: false };
};

/** Without what means nothing here: sudo and its options, exec, and assignments in front. */
const plain = ({ words, when }: Simple): Simple => {
  let rest = words;
  for (;;) {
    const [first = ''] = rest;
    if (/^[A-Za-z_]\w*=/.test(first) || first === 'exec') rest = rest.slice(1);
    else if (first === 'sudo') rest = withoutOptions(rest.slice(1));
    else return { words: rest, when };
  }
};

const withoutOptions = (words: readonly string[]): readonly string[] => {
  if (words[0] === '--') return words.slice(1);
  if (!words[0]?.startsWith('-')) return words;
  return withoutOptions(words.slice(['-u', '-p', '-g'].includes(words[0]) ? 2 : 1));
};

const playAll = (simples: readonly Simple[], facts: Facts): Play => {
  const cues: Cue[] = [];
  let [at, code, locksFor, reboots] = [0, 0, 0, false];
  for (const { words, when } of simples) {
    if ((when === 'after-success' && code !== 0) || (when === 'after-failure' && code === 0)) continue;
    const [name, ...rest] = words;
    if (name === 'exit') {
      code = rest[0] === undefined ? code : Number(rest[0]) & 255;
      break;
    }
    const act = actingPrograms.get(name!)!(rest, { ...facts, at: facts.at + at, lockedFor: Math.max(0, facts.lockedFor - at) });
    for (const line of act.lines) {
      at += line.pause;
      if (line.text !== '') cues.push({ at, stream: line.stream, bytes: Buffer.from(line.text) });
    }
    code = act.code;
    if (act.locks === true) locksFor = at;
    reboots ||= act.reboots === true;
  }
  return { cues, lasts: at, code, locksFor, reboots };
};

// The only place that looks at every process of this machine while something runs: its arguments and its environment, again and again.
// It reads /proc and starts nothing: what it looks for must not stand in an argument of its own.
import { readdirSync, readFileSync } from 'node:fs';

/** Where a word was met. */
export type Sighting = { readonly word: string; readonly where: 'cmdline' | 'environ'; readonly command: string };

export type ProcessWatch = {
  /** Each word in each place once, so far. */
  seen(): readonly Sighting[];
  stop(): void;
};

/** A process that lives shorter may be missed, ms; the machine has other things to do. */
const sampledEvery = 25;

/** Looks until it is stopped, and once more then. */
export const watchProcesses = (words: readonly string[]): ProcessWatch => {
  const found = new Map<string, Sighting>();
  const look = (): void => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      for (const where of ['cmdline', 'environ'] as const) {
        const text = textOf(pid, where);
        for (const word of words.filter(one => text.includes(one)))
          if (!found.has(`${where} ${word}`)) found.set(`${where} ${word}`, { word, where, command: textOf(pid, 'cmdline') });
      }
    }
  };
  const timer = setInterval(look, sampledEvery);
  return {
    seen: () => [...found.values()],
    stop: () => {
      clearInterval(timer);
      look();
    },
  };
};

/** A process may end while it is read. */
const textOf = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

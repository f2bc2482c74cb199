// The only place that listens to the keyboard: gathers what arrives in one read into one chunk, and hands it on.
// It knows no commands; a throw in a handler becomes a line on the screen, never the end of the console.
import { useInput, usePaste } from 'ink';
import { useRef } from 'react';
import { keysOf } from '../app/keymap.ts';
import type { Session } from '../app/session.ts';

/** Hands keys and pastes to the session. Ink calls once per key or piece of text; all calls of one read are one chunk. */
export const useKeys = (session: Session): void => {
  const gathered = useRef<string[]>([]);
  useInput((input, key) => {
    if (gathered.current.length === 0) {
      queueMicrotask(() => {
        const chunk = gathered.current;
        gathered.current = [];
        guarded(session, () => session.keys(chunk));
      });
    }
    gathered.current.push(...keysOf(input, key));
  });
  usePaste(text => guarded(session, () => session.paste(text)));
};

const guarded = (session: Session, handle: () => void): void => {
  try {
    handle();
  } catch (error) {
    session.trouble(`that key failed: ${error instanceof Error ? error.message : String(error)}`);
  }
};

// The only place that says what may stand behind --mirror and --from: a folder here, or HOST:PATH, a folder there.
// Text only; whether it can be used is found out by whoever uses it.
import { fail, ok, type Result } from './result.ts';

/** Where a copy of the journal is kept. `text` is what the operator may be shown, and may write again anywhere. */
export type MirrorPlace =
  | { readonly kind: 'here'; readonly path: string; readonly text: string }
  | { readonly kind: 'there'; readonly host: string; readonly path: string; readonly text: string };

/** As scp has it: a colon before the first slash. */
const there = /^(?<host>[^/:[]*|(?:[^/:[]*@)?\[[^\]/]*\]):(?<path>.*)$/s;

/** What ssh takes for a destination, and nothing that ssh, or a shell, could take for something else. */
const destination = /^(?:[A-Za-z0-9_.][A-Za-z0-9_.+-]*@)?(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\])$/;

/**
 * @param absolute makes a path of this machine absolute, as seen from where it was written
 * @failure bad-input
 */
export const parseMirrorPlace = (text: string, absolute: (path: string) => string): Result<MirrorPlace> => {
  const wrong = (why: string) => fail({ tag: 'bad-input', cause: `${JSON.stringify(text)} is no place for a mirror: ${why}` } as const);
  if (text.trim() === '') return wrong('it is empty; write a folder, or HOST:PATH');
  if (/[\u0000-\u001f\u007f]/.test(text)) return wrong('it has control characters');
  const { host, path } = there.exec(text)?.groups ?? {};
  if (host === undefined || path === undefined) return ok({ kind: 'here', path: absolute(text), text: absolute(text) });
  if (!destination.test(host)) return wrong(`${JSON.stringify(host)} is no host for ssh; write HOST:PATH or USER@HOST:PATH`);
  if (path === '') return wrong('a path is missing behind the colon, as in backup1:rollcall-mirror');
  return ok({ kind: 'there', host: host.replace(/\[(.+)\]$/, '$1'), path: pathThere(path), text });
};

/** A relative path begins at the home folder there; one that begins with a dash is no option. */
const pathThere = (path: string): string => {
  const plain = path.replace(/^~\/+/, '');
  return plain === '' || plain === '~' ? '.' : plain.startsWith('-') ? `./${plain}` : plain;
};

// The only place where files that users wrote are fetched from disk; the readers get a `Disk`, tests give them one of their own.
// It knows nothing of what stands in the files.
import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';

/** What lies at a path. */
export type Found =
  | { readonly kind: 'file'; readonly text: string }
  /** Names in it, in the order of their characters' numbers; `openToAll`: everybody may write into it. */
  | { readonly kind: 'folder'; readonly names: readonly string[]; readonly openToAll?: true }
  | { readonly kind: 'missing' }
  /** `why` ends with what to do. */
  | { readonly kind: 'unreadable'; readonly why: string }
  /** Bytes that are no text in UTF-8; `text` has a mark in place of each. */
  | { readonly kind: 'garbled'; readonly text: string; readonly isUtf16: boolean };

/** Looks at a path; never throws. */
export type Disk = (path: string) => Promise<Found>;

/** Files that people write are small; this is a guard against a wrong path. */
const largest = 64 * 1024 * 1024;

/** The disk of this machine. Thousands of small files one after the other: not waiting for a thread for each of five calls a file counts. */
export const nodeDisk: Disk = async path => {
  try {
    const about = statSync(path, { throwIfNoEntry: false });
    if (about === undefined) return { kind: 'missing' };
    if (about.isDirectory()) {
      return { kind: 'folder', names: readdirSync(path).sort(), ...((about.mode & 0o002) !== 0 && { openToAll: true }) };
    }
    // A pipe would be waited for, and a device has no end.
    if (!about.isFile()) return { kind: 'unreadable', why: 'it is a pipe or a device; write what it holds to a file' };
    if (about.size > largest) return { kind: 'unreadable', why: 'it is larger than 64 MiB; check the path' };
    const bytes = readFileSync(path);
    const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
    if (isUtf8(bytes)) return { kind: 'file', text };
    return { kind: 'garbled', text, isUtf16: /^(?:fffe|feff)/.test(bytes.toString('hex', 0, 2)) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return { kind: 'unreadable', why: code === 'EACCES' ? 'permission denied; check its mode and owner' : (code ?? String(error)) };
  }
};

/** The text of a file that must be there. `what` is the word for it, such as `playbook`. */
export const readText = async (disk: Disk, path: string, what: string): Promise<Result<string>> => {
  const found = await disk(path);
  switch (found.kind) {
    case 'file':
      return found.text.includes('\0') ? refuse(`the ${what} ${path} is not a text file; check the path`) : ok(found.text);
    case 'folder':
      return refuse(`the ${what} ${path} is a folder; name a file in it`);
    case 'missing':
      return refuse(`the ${what} ${path} does not exist; check the path`);
    case 'unreadable':
      return refuse(`the ${what} ${path} cannot be read: ${found.why}`);
    case 'garbled':
      return found.isUtf16 ? refuse(`the ${what} ${path} is UTF-16; save it as UTF-8`) : readGarbled(path, found.text);
  }
};

/** A remark may hold what it likes. */
const readGarbled = (path: string, text: string): Result<string> => {
  for (const [index, line] of text.split('\n').entries()) {
    const at = line.indexOf('\uFFFD');
    if (at !== -1 && !/^\s*[#;]/.test(line)) return refuse(`${path}:${index + 1}:${at + 1}: this is no UTF-8 text; save the file as UTF-8`);
  }
  return ok(text);
};

const refuse = (cause: string) => fail({ tag: 'bad-input', cause } as const);

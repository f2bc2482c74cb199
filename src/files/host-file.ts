// The only place that reads a file of hosts that stands in a pattern: `@site.retry`, one pattern a line, as failed hosts are kept.
import { splitPattern } from '../domain/pattern-words.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Disk } from './disk.ts';
import { readText } from './disk.ts';

/**
 * Puts the lines of each `@file` in its place; a pattern without one stays as it is.
 * A file without a line is refused: with Ansible it would limit nothing. @failure bad-input
 */
export const writeOutHostFiles = async (pattern: string, disk: Disk): Promise<Result<string>> => {
  if (!pattern.includes('@')) return ok(pattern);
  const parts = splitPattern(pattern);
  if (!parts.some(part => part.startsWith('@'))) return ok(pattern);
  const written: string[] = [];
  for (const part of parts) {
    if (!part.startsWith('@')) {
      written.push(part);
      continue;
    }
    const text = await readText(disk, part.slice(1), 'file of hosts');
    if (!text.ok) return text;
    const lines = text.value
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '');
    if (lines.length === 0) return fail({ tag: 'bad-input', cause: `the file of hosts ${part.slice(1)} is empty; write one host a line` });
    written.push(...lines);
  }
  // A comma anywhere keeps the colons of a line together.
  return ok(`${written.join(',')},`);
};

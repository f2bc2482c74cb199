// The rules of the key map hold for the list itself, so that a new command cannot break them unseen.
import { expect, test } from 'vitest';
import { everywhere } from './commands/command.ts';
import { commands, keysTable } from './commands.ts';

test('no key means two things at one place', () => {
  for (const place of everywhere) {
    const keys = commands.filter(command => command.places.includes(place)).flatMap(command => command.keys);
    expect(
      keys.filter((key, at) => keys.indexOf(key) !== at),
      place,
    ).toEqual([]);
  }
});

test('a key that changes the world is a capital, or the prompt, which only opens', () => {
  for (const command of commands) {
    if (command.changes === undefined) continue;
    for (const key of command.keys) expect(key === 'n' || /^[A-Z]$/.test(key), `${command.id} ${key}`).toBe(true);
  }
});

test('the exclamation mark stays free, digits only show', () => {
  const keys = new Map(commands.flatMap(command => command.keys.map(key => [key, command] as const)));
  expect(keys.has('!')).toBe(false);
  for (const digit of '0123456789') expect(keys.get(digit)?.changes).toBeUndefined();
});

test('every command has a name of its own and a row in the table of keys', () => {
  const ids = commands.map(command => command.id);
  expect(new Set(ids).size).toBe(ids.length);
  const table = keysTable();
  for (const command of commands) expect(table).toContain(command.title);
});

// This machine as a host, with the real binary: by its own name without an inventory, and by `ansible_connection: local`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePlace, type Place } from '../support/program.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.end());

test('localhost needs no inventory, and is in no group of one', async () => {
  const { code, out, err } = await place.start(['run', 'localhost', '--', 'echo "here $((40 + 2))"']).finished;
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('here 42\n');
  writeFileSync(join(place.dir, 'hosts'), 'me ansible_connection=local word=said\nfar ansible_connection=winrm\n');
  const listed = await place.start(['hosts', '-i', 'hosts', 'all']).finished;
  expect(listed.out).toBe('me\nfar\n');
  const both = await place.start(['run', 'me,127.0.0.1', '-i', 'hosts', '--', 'echo {{ word | default("nothing") }}']).finished;
  expect(both.code).toBe(0);
  expect(both.out).toContain('--- me (1 host) changed\nsaid\n');
  expect(both.out).toContain('--- 127.0.0.1 (1 host) changed\nnothing\n');
  const other = await place.start(['run', 'far', '-i', 'hosts', '--', 'true']).finished;
  expect([other.code, other.out]).toEqual([4, expect.stringContaining('ansible_connection: "winrm"')]);
});

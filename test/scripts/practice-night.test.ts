// The first five minutes of the README on the real program: practice fleet, driver, console in a real terminal.
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place } from '../support/program.ts';
import { hasTmux, openTmux, type TmuxTerminal } from '../support/tmux.ts';

const binary = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));
const patience = 60_000;

describe.skipIf(!hasTmux())('the practice fleet in the console (skipped where there is no tmux)', () => {
  let place: Place;
  let terminal: TmuxTerminal;

  beforeEach(() => {
    place = makePlace();
    terminal = openTmux(80, 24, place.dir);
  });
  afterEach(async () => {
    terminal.close();
    await place.run(['practice', '--stop']);
    await place.end();
  });

  const open = async (): Promise<void> => {
    await terminal.waitFor('prompt:');
    terminal.keys(`env -u CI HOME=${place.dir} ${process.execPath} ${binary} --practice --state ${place.stateDir}`, 'Enter');
    await terminal.waitFor('1 HOSTS', patience);
  };

  /** Types a task; the prompt takes Enter only some moments after it has opened. */
  const type = async (command: string): Promise<void> => {
    terminal.keys('n');
    await terminal.waitFor('-- new task', patience);
    terminal.keys('-l', command);
    await terminal.waitFor(command.slice(0, 30), patience);
    const isClosed = (screen: string): boolean => !screen.includes('-- new task');
    for (let tries = 0; tries < 10; tries += 1) {
      terminal.keys('Enter');
      if (
        await terminal.waitFor(isClosed, 3000).then(
          () => true,
          () => false,
        )
      )
        return;
    }
    throw new Error(`the prompt took no Enter:\n${terminal.screen()}`);
  };

  test('twelve hosts, a task on marked ones, another while it polls; q leaves, the work goes on and is shown again', async () => {
    await open();
    const first = await terminal.waitFor(screen => (screen.match(/(canary|web|db|edge)\d+ +- idle/g)?.length ?? 0) >= 12, patience);
    expect(first).toMatch(/^ PRACTICE /);
    expect(first).toContain('n new task');
    terminal.keys('Space', 'j', 'Space');
    await terminal.waitFor('2 marked', patience);
    await type('sleep 45; echo first-one');
    await terminal.waitFor(/slots \d+\/25 .*run 2/, patience);
    await type('echo second-one');
    terminal.keys('2');
    await terminal.waitFor(/echo second-one +ended +2\/2/, patience);
    terminal.keys('q');
    const shell = await terminal.waitFor(/2 jobs go on/, patience);
    expect(shell).toContain('prompt:');
    expect(terminal.value('#{alternate_on}')).toBe('0');
    await open();
    terminal.keys('2');
    await terminal.waitFor(/first-one +ended +2\/2/, 2 * patience);
    const history = await place.run(['history']);
    expect(
      history.out
        .trim()
        .split('\n')
        .map(line => line.replace(/^(\d+) .*hosts {2}(ok \d+) .* (\S+)$/, '$1 $2 $3')),
    ).toEqual(['2 ok 2 second-one', '1 ok 2 first-one']);
  }, 240_000);
});

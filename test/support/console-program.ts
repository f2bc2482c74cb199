// A program for tests on a real terminal: the console over a practice fleet at work that stands in memory.
// It is bundled and run by test/scripts/console-tmux.test.ts; it reaches no driver and no host.
import { startConsole } from '../../src/ui/start.tsx';
import { practiceFleet, sessionOver, wallNow } from './console.ts';
import { practiceAtWork } from './nights.ts';

const { story, outputs } = practiceAtWork();
const clock = {
  now: () => performance.now(),
  wall: () => wallNow + performance.now(),
  after: (delay: number, fire: () => void) => {
    const timer = setTimeout(fire, delay);
    return () => clearTimeout(timer);
  },
};
const { session } = sessionOver(practiceFleet, story, outputs, clock);
const { farewell } = await startConsole({ session, stdin: process.stdin, stdout: process.stdout, env: process.env, process });
process.stdout.write(`${farewell}\n`);

import { expect, test } from 'vitest';
import { makeIdle } from './idle.ts';

/** A clock of one timer: `pass` moves it on. */
const handClock = () => {
  let armed: { at: number; fire: () => void } | undefined;
  let now = 0;
  return {
    after(delay: number, fire: () => void) {
      const mine = { at: now + delay, fire };
      armed = mine;
      return () => {
        if (armed === mine) armed = undefined;
      };
    },
    pass(time: number) {
      now += time;
      if (armed === undefined || armed.at > now) return;
      const { fire } = armed;
      armed = undefined;
      fire();
    },
  };
};

const setUp = () => {
  const clock = handClock();
  let ended = 0;
  const idle = makeIdle({
    after: 60,
    onIdle: () => {
      ended += 1;
    },
    clock,
  });
  return { clock, idle, ended: () => ended };
};

test('it ends when nobody came at all', () => {
  const { clock, ended } = setUp();
  clock.pass(59);
  expect(ended()).toBe(0);
  clock.pass(1);
  expect(ended()).toBe(1);
});

test('it ends a minute after the last of all that kept it, not after the first', () => {
  const { clock, idle, ended } = setUp();
  idle.busy();
  idle.busy();
  clock.pass(1000);
  idle.free();
  clock.pass(1000);
  idle.free();
  clock.pass(59);
  expect(ended()).toBe(0);
  idle.busy();
  clock.pass(1000);
  idle.free();
  clock.pass(60);
  expect(ended()).toBe(1);
});

test('once over, it stays over', () => {
  const { clock, idle, ended } = setUp();
  idle.stop();
  idle.busy();
  idle.free();
  clock.pass(1000);
  expect(ended()).toBe(0);
});

test('giving back what was not taken is a bug', () => {
  expect(() => setUp().idle.free()).toThrow('free without busy');
});

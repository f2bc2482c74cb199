// The only place where a test waits for a fact of the outside world: it asks again and again, for a bounded time.

/** Resolves with the first answer that isn't undefined; rejects after `seconds`, saying what was waited for. */
export const waitFor = async <T>(what: string, ask: () => T | undefined | Promise<T | undefined>, seconds = 60): Promise<T> => {
  const end = performance.now() + seconds * 1000;
  for (let delay = 10; ; delay = Math.min(200, delay * 1.5)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise(resolve => setTimeout(resolve, delay));
  }
};

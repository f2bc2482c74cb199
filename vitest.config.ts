// The only place that says which files are tests and how they are run.
import { readFile } from 'node:fs/promises';
import { defineConfig } from 'vitest/config';

/** Shell scripts are imported as text, as in the bundle. */
const shellAsText = {
  name: 'shell-as-text',
  enforce: 'pre' as const,
  async load(id: string) {
    if (!id.endsWith('.sh')) return null;
    return `export default ${JSON.stringify(await readFile(id, 'utf8'))}`;
  },
};

// Tests see the same environment on every machine; vitest itself has read these by now.
for (const name of ['CI', 'NO_COLOR', 'FORCE_COLOR', 'DEV']) delete process.env[name];

export default defineConfig({
  plugins: [shellAsText],
  test: {
    include: ['scripts/**/*.test.ts', 'src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    // A forgotten `.only` would hide all the others; -t and a path choose as well.
    allowOnly: false,
    // Wide, for busy machines: a test waits for facts and ends when it has them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    reporters: ['./test/support/reporter.ts'],
  },
});

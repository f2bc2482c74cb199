// The only place that runs the fault campaign from the command line: `npm run faults -- --runs 10000 --jobs 2`, or one world
// with its story, `npm run faults -- --seed 4711`. It bundles test/faults like the program, since shell text is imported there.
import { rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = fileURLToPath(new URL(`../node_modules/.faults-${process.pid}/`, import.meta.url));
try {
  await build({
    absWorkingDir: root,
    entryPoints: ['bench/faults.ts'],
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.13',
    loader: { '.sh': 'text' },
    external: ['minijinja-js', 'yaml'],
    logLevel: 'warning',
  });
  const { campaign } = await import(pathToFileURL(`${out}faults.mjs`).href);
  process.exitCode = await campaign(process.argv.slice(2));
} finally {
  rmSync(out, { recursive: true, force: true });
}

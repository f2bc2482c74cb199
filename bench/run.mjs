// The only place that runs the benchmarks: bundles them like the program, runs them, writes bench/RESULTS.md.
// Ratios of one run count; absolute times depend on the machine. It takes some minutes, never more than ten, and wants a quiet machine.
// `npm run bench -- inventory` runs the part on large inventories alone, which writes a section of its own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = fileURLToPath(new URL('../node_modules/.bench/', import.meta.url));
mkdirSync(out, { recursive: true });
try {
  await build({
    absWorkingDir: root,
    entryPoints: ['bench/main.ts', 'bench/bare-loop.ts', 'bench/inventory.ts', 'bench/load.ts'],
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.13',
    loader: { '.sh': 'text' },
    external: ['*.node', 'cpu-features', 'minijinja-js'],
    banner: {
      js: "import { createRequire as __benchRequire } from 'node:module'; const require = __benchRequire(import.meta.url); const __dirname = import.meta.dirname;",
    },
    logLevel: 'warning',
  });
  const isInventory = process.argv[2] === 'inventory';
  const words = process.argv.slice(isInventory ? 3 : 2);
  for (const program of isInventory ? ['inventory'] : ['main', 'inventory']) {
    const ran = spawnSync(process.execPath, ['--expose-gc', `${out}${program}.mjs`, root, ...words], {
      stdio: 'inherit',
      // It ends what it started when it is asked to end.
      timeout: 335_000,
    });
    process.exitCode ||= ran.status ?? 1;
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}

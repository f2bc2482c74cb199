// The only place for the closing line of a test run: `N passed, N failed`, plain and alone, whatever the colours above.
// Everything else is vitest's own default reporter.
import type { SerializedError, TestModule, TestRunEndReason } from 'vitest/node';
import { DefaultReporter } from 'vitest/node';

/** Counts tests, and a file that could not be loaded as well as an error outside of tests as one failure each. */
export default class ClosingLine extends DefaultReporter {
  override onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    super.onTestRunEnd(modules, errors, reason);
    process.stdout.write(`${closingLine(modules, errors)}\n`);
  }
}

function closingLine(modules: readonly TestModule[], errors: readonly SerializedError[]): string {
  let passed = 0;
  let skipped = 0;
  let failed = errors.length;
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed += 1;
      else if (state === 'failed') failedHere += 1;
      else skipped += 1;
    }
    // A suite or file that broke outside of its tests (hook, import) has no failed test to show for it.
    failed += module.state() === 'failed' ? Math.max(failedHere, 1) : failedHere;
  }
  if (skipped > 0) process.stdout.write(`${skipped} skipped\n`);
  return `${passed} passed, ${failed} failed`;
}

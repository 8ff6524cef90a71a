import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

/**
 * Prints every skipped test with its reason (`ctx.skip('why')`, or the name of a `describe.skipIf`), and writes the
 * counts to the file named by ETCD_RESCUE_TEST_COUNTS for `npm test`'s last line.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) count(counts, test)
      // a file that cannot be loaded, or a hook that fails, has errors and perhaps no test at all
      counts.failed += module.errors().length
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    }
    const file = process.env.ETCD_RESCUE_TEST_COUNTS
    if (file) writeFileSync(file, JSON.stringify(counts))
  }
}

function count(counts: Counts, test: TestCase): void {
  const result = test.result()
  if (result.state === 'passed') counts.passed += 1
  else if (result.state === 'failed') counts.failed += 1
  else {
    counts.skipped += 1
    const why = (result.state === 'skipped' && result.note) || 'see the name'
    process.stdout.write(`skipped: ${test.module.relativeModuleId}: ${test.fullName}: ${why}\n`)
  }
}

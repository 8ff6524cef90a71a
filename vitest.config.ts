import { defineConfig } from 'vitest/config'
import LongestFirst from './test/support/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/words.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    pool: 'forks',
    // Many tests run a real etcd; more of them at once than cores only makes deadlines lie.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Real etcds, sshds and clocks on a shared machine: in CI a test that fails is run once more, and vitest says so.
    // One that uses up what it was given (an incident, say) says `retry: 0`: a second try of it cannot succeed.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // @oclif/test captures stdout itself and sees nothing when vitest does it first
    disableConsoleIntercept: true,
  },
})

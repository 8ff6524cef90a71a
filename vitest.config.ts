import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    pool: 'forks',
    // Many tests run a real etcd; more of them at once than cores only makes deadlines lie.
    maxWorkers: 2,
    // Real etcds, sshds and clocks on a shared machine: in CI a test that fails is run once more, and vitest says so.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // @oclif/test captures stdout itself and sees nothing when vitest does it first
    disableConsoleIntercept: true,
  },
})

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Config } from '@oclif/core'
import { expect, it } from 'vitest'
import { cli, testPackage } from '../support/cli.ts'

it('--version says what oclif would say', async () => {
  const config = await Config.load(testPackage())
  expect(await cli(['--version'])).toEqual({ code: 0, stdout: `${config.userAgent}\n`, stderr: '' })
})

it('--version takes at most 2.5 times as long as node itself', () => {
  const time = (args: string[]) => {
    const start = performance.now()
    expect(spawnSync(process.execPath, args).status).toBe(0)
    return performance.now() - start
  }
  const run = join(testPackage(), 'bin/run.js')
  // the fastest of some: other tests run on the same cores
  const best = (args: string[]) => Math.min(...Array.from({ length: 8 }, () => time(args)))
  expect(best([run, '--version']) / best(['-e', '0'])).toBeLessThan(2.5)
})

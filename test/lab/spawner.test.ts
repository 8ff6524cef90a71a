import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { testPackage } from '../support/cli.ts'

const SCRIPT = `
const { startSpawner } = await import(process.argv[1])
const spawner = await startSpawner()
await spawner.close()
console.log('closed')
`

// Node ends with 13 and without a word where a promise is left and nothing keeps it: a drill would lose its result
test('a process that has nothing else to do sees the spawner closed', async () => {
  const entry = join(testPackage(), 'modules/src/lab/spawner/start.js')
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT, entry], { timeout: 60_000 })
  expect((await run).stdout).toBe('closed\n')
}, 90_000)

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { testPackage } from '../support/cli.ts'
import { release, without } from './support/lab.ts'

const SCRIPT = `
const { buildLab } = await import(process.argv[1])
const lab = await buildLab(JSON.parse(process.argv[2]))
await lab.ready()
console.log(lab.dir)
setInterval(() => {}, 1000)
`

describe.skipIf(release === undefined)(`a sandbox whose process is killed (${release?.version ?? without})`, () => {
  it('leaves no process behind', async () => {
    const entry = join(testPackage(), 'modules/src/lab/index.js')
    const options = { release, store: 'file', workers: 1, speed: 20 }
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, entry, JSON.stringify(options)])
    const dir = await new Promise<string>((resolve) =>
      child.stdout.once('data', (line: Buffer) => resolve(String(line).trim())),
    )
    try {
      expect(processesOf(dir).length).toBeGreaterThan(6)
      child.kill('SIGKILL')
      await expect.poll(() => processesOf(dir), { timeout: 5000 }).toEqual([])
    } finally {
      child.kill('SIGKILL')
      rmSync(dir, { recursive: true, force: true })
    }
  }, 60_000)
})

/** Processes with the sandbox's directory in their command line or as their working one. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir) || environment.includes(`HOME=${dir}`)
      } catch {
        return false
      }
    })
}

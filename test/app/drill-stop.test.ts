import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeForGood } from '../../src/app/drill-stop.ts'

describe('removing a sandbox at the last moment', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-stop-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  it('takes along what somebody who is ending puts into it again', async () => {
    const sandbox = join(dir, 'busy')
    await mkdir(sandbox)
    // as an etcd-manager that has not yet noticed that it is dead: makes its directories again, for half a second
    const loop =
      'i=0; while [ $i -lt 50 ]; do mkdir -p "$1/nodes/a/$i"; : > "$1/nodes/a/$i/f"; i=$((i+1)); sleep 0.01; done'
    const writer = spawn('sh', ['-c', loop, 'sh', sandbox], { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = new Promise((resolve) => writer.once('exit', resolve))
    removeForGood(sandbox, { quietMs: 2_000, timeoutMs: 60_000 })
    await ended
    expect(existsSync(sandbox)).toBe(false)
  })

  it('has nothing to do where it is gone already', () => {
    removeForGood(join(dir, 'gone'), { quietMs: 0 })
    expect(existsSync(join(dir, 'gone'))).toBe(false)
  })

  it('gives up in time on one who never ends', () => {
    const sandbox = join(dir, 'never')
    const writer = spawn('sh', ['-c', 'while :; do mkdir -p "$1/x"; done', 'sh', sandbox], { stdio: 'ignore' })
    try {
      const began = performance.now()
      removeForGood(sandbox, { timeoutMs: 300 })
      expect(performance.now() - began).toBeGreaterThanOrEqual(300)
    } finally {
      writer.kill('SIGKILL')
    }
  })
})

import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runTool } from '../../../src/adapters/etcd/run-tool.ts'
import { isAlive } from '../../contracts/local-etcd.ts'
import { testPackage } from '../../support/cli.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('a program bound to this process', () => {
  it('gives its exit code, its output and its signal', async () => {
    const options = { timeoutMs: 10_000 }
    expect(await runTool(['sh', '-c', 'echo out; echo err >&2; exit 7'], options)).toMatchObject({
      ...{ code: 7, signal: null, stdout: 'out\n', stderr: 'err\n', timedOut: false },
    })
    expect(await runTool(['sh', '-c', 'kill -BUS $$'], options)).toMatchObject({ code: null, signal: 'SIGBUS' })
    expect(await runTool(['sleep', '30'], { timeoutMs: 100 })).toMatchObject({ timedOut: true, signal: 'SIGKILL' })
  })

  it('does not see the flags that an operator has in the environment', async () => {
    process.env.ETCDCTL_ENDPOINTS = 'https://production:2379'
    const { stdout } = await runTool(['env'], { timeoutMs: 10_000 })
    delete process.env.ETCDCTL_ENDPOINTS
    expect(stdout).not.toContain('production')
    expect(stdout).toContain('PATH=')
  })

  it.each(['the kernel', 'a pipe, where setpriv cannot do it'])('dies with it through %s', async (way) => {
    if (way !== 'the kernel') {
      await writeFile(join(dir, 'setpriv'), '#!/bin/sh\nexit 1\n')
      await chmod(join(dir, 'setpriv'), 0o755)
    }
    const module = join(testPackage(), 'modules/src/adapters/etcd/bound-process.js')
    const code = `
      const { spawnBound } = await import(${JSON.stringify(module)})
      const child = spawnBound(['sh', '-c', 'echo $$; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
      child.stdout.pipe(process.stdout)`
    const env = { ...process.env, PATH: `${dir}:${process.env.PATH}` }
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit']
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio, env })
    const [line] = (await Readable.from(parent.stdout).take(1).toArray()) as Buffer[]
    const pid = Number(line)
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  })
})

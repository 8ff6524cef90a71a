import { type ChildProcess, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectEtcd } from '../../../src/adapters/etcd/connect.ts'
import type { EtcdRelease } from '../../../src/ports/etcd.ts'
import { isAlive } from '../../contracts/local-etcd.ts'
import { testPackage } from '../../support/cli.ts'
import { etcdReleases, fill, newestOfEach, noEtcd, scene, testEtcd } from '../../support/etcd.ts'
import { tellSkipped } from '../../support/skip.ts'

const releases = newestOfEach(await etcdReleases())

let place: Awaited<ReturnType<typeof scene>>
beforeEach(async () => {
  place = await scene()
})
afterEach(() => place.clear())

describe('an etcd that is not there', () => {
  it('ends a call at the deadline when a port accepts and stays silent', async () => {
    const server = createServer(() => {})
    const socketPath = join(place.dir, 's')
    await new Promise<void>((resolve) => server.listen(socketPath, resolve))
    const client = await connectEtcd({ socketPath, deadlineMs: 400, name: 'a:4001' })
    const start = performance.now()
    await expect(client.count()).rejects.toMatchObject({ code: 'ETCD_UNREACHABLE', message: /a:4001/ })
    expect(performance.now() - start).toBeLessThan(5000)
    await client.close()
    server.close()
  })

  it('names the endpoint when nobody listens', async () => {
    const client = await connectEtcd({ socketPath: join(place.dir, 'none'), deadlineMs: 1000 })
    await expect(client.status()).rejects.toMatchObject({ code: 'ETCD_UNREACHABLE', message: /none/ })
    const stream = await client.snapshot()
    await expect(drain(stream)).rejects.toMatchObject({ code: 'ETCD_UNREACHABLE' })
    await client.close()
  })
})

for (const release of releases) {
  describe(`etcd ${release.version} in trouble`, () => {
    it('a snapshot cut in the middle fails, however politely it ends', async () => {
      const member = place.keep(await testEtcd().start(release, join(place.dir, 'data')))
      await fill(member, 600, 40_000)
      const stream = await member.client.snapshot()
      let bytes = 0
      const reading = (async () => {
        for await (const chunk of stream) {
          if (bytes === 0) process.kill(member.pid, 'SIGKILL')
          bytes += (chunk as Buffer).length
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      })()
      await expect(reading).rejects.toMatchObject({ code: 'ETCD_FAILED', message: /cut after \d+ bytes/ })
    })

    it('a snapshot that nobody wants any more ends at once', async () => {
      const member = place.keep(await testEtcd().start(release, join(place.dir, 'data')))
      await fill(member, 300, 40_000)
      const stream = await member.client.snapshot()
      for await (const _ of stream) break
      expect(stream.destroyed).toBe(true)
      const stop = new AbortController()
      const other = await member.client.snapshot({ signal: stop.signal })
      stop.abort()
      await expect(drain(other)).rejects.toMatchObject({ name: 'AbortError' })
    })

    it('dies with its parent, even when that is killed', async () => {
      const parent = await parentOf(release, join(place.dir, 'data'))
      expect(isAlive(parent.etcd)).toBe(true)
      parent.child.kill('SIGKILL')
      for (let tries = 0; tries < 100 && isAlive(parent.etcd); tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      expect(isAlive(parent.etcd)).toBe(false)
    })

    it('reads values of 1 MB among small ones in bounded memory', async () => {
      const member = place.keep(await testEtcd().start(release, join(place.dir, 'data')))
      await fill(member, 400)
      for (let at = 0; at < 40; at += 1) await member.client.put(`/registry/pods/z-${at}`, Buffer.alloc(1_000_000, at))
      let keys = 0
      let bytes = 0
      for await (const { value } of member.client.range()) {
        keys += 1
        bytes += value.length
      }
      expect([keys, bytes]).toEqual([440, 400 * 200 + 40 * 1_000_000])
    })

    it('leaves no socket and no directory', async () => {
      const member = await testEtcd().start(release, join(place.dir, 'data'))
      await member.stop()
      expect(await readdir(place.dir)).toEqual(['data'])
    })
  })
}

tellSkipped(releases.length === 0 ? noEtcd : undefined, 'etcd in trouble')

async function drain(stream: Readable): Promise<void> {
  for await (const _ of stream);
}

/** Another Node that starts a member, as the tool does, and says its pid. */
async function parentOf(release: EtcdRelease, dataDir: string): Promise<{ child: ChildProcess; etcd: number }> {
  const start = join(testPackage(), 'modules/src/adapters/etcd/start.js')
  const code = `
    const { startMember } = await import(${JSON.stringify(start)})
    const member = await startMember(${JSON.stringify(release)}, ${JSON.stringify(dataDir)}, {})
    console.log(member.pid)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await Readable.from(child.stdout).take(1).toArray()) as Buffer[]
  return { child, etcd: Number(line) }
}

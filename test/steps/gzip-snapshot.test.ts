import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Facts } from '../../src/steps/facts.ts'
import { prepareAhead } from '../../src/steps/support/ahead.ts'
import { pages } from './support/backups.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempScratch } from './support/temp.ts'

/** Two blocks of a megabyte, and a part of a third. */
const content = Buffer.concat([pages(500), Buffer.alloc(1_000_000, 'key and value ')])
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')

async function scene() {
  const scratch = await tempScratch()
  const path = await scratch.file('snapshot.db')
  await writeFile(path, content)
  return {
    path,
    options: { facts: { snapshot: { path, bytes: content.length, sha256: sha256(content) } }, world: { scratch } },
  }
}

describe('gzip-snapshot', () => {
  test('alone: the file as one gzip, for its owner only, its length and digest as they are', async () => {
    const { options } = await scene()
    const { gz } = (await runStep('gzip-snapshot', options)).gives as Pick<Facts, 'gz'>
    const written = await readFile(gz.path)
    expect(gunzipSync(written).equals(content)).toBe(true)
    expect(gz).toMatchObject({ bytes: written.length, sha256: sha256(written) })
    expect(written.length).toBeLessThan(content.length)
    expect((await stat(gz.path)).mode & 0o777).toBe(0o600)
  })

  test('together: passes on exactly what it writes, once the snapshot is there', async () => {
    const { options } = await scene()
    const outgoing = new PassThrough()
    const passed = buffer(outgoing)
    const { context } = contextOf('gzip-snapshot', options)
    const { gz } = await stepOf('gzip-snapshot').act({ ...context, outgoing } as never)
    expect((await readFile(gz.path)).equals(await passed)).toBe(true)
    expect(gunzipSync(await passed).equals(content)).toBe(true)
  })

  test('takes over what was compressed while it was fetched, but for the blocks that changed since', async () => {
    const { path, options } = await scene()
    const { context } = contextOf('gzip-snapshot', options)
    const { world } = context
    const fetched = await world.scratch.file('fetched.part')
    const before = Buffer.from(content)
    before.write('changed by the WAL', 1 << 20)
    await writeFile(fetched, before)
    const stored = await prepareAhead(world, 0)
    stored(fetched, 1 << 20, before.length)
    stored(fetched, before.length, before.length)
    await rename(fetched, `${fetched}.named`)
    const { gz } = await stepOf('gzip-snapshot').act(context as never)
    expect(gunzipSync(await readFile(gz.path)).equals(content)).toBe(true)
    expect(await readdir(dirname(path))).not.toContain('ahead.deflated')
  })

  test('what keeps it from compressing ahead keeps nothing else from going on', async () => {
    const { options } = await scene()
    const { context } = contextOf('gzip-snapshot', options)
    const stored = await prepareAhead(context.world, 0)
    for (const bytes of [1 << 20, 2 << 20]) stored('/nonexistent/part', bytes, content.length)
    const { gz } = await stepOf('gzip-snapshot').act(context as never)
    expect(gunzipSync(await readFile(gz.path)).equals(content)).toBe(true)
  })

  test('when the snapshot cannot be read, no file has the good name and the next one is told', async () => {
    const { path, options } = await scene()
    const outgoing = new PassThrough()
    const passed = buffer(outgoing)
    passed.catch(() => {})
    const { context } = contextOf('gzip-snapshot', options)
    await rm(path)
    const broken = stepOf('gzip-snapshot').act({ ...context, outgoing } as never)
    await expect(broken).rejects.toMatchObject({ code: 'STEP_FAILED', message: /gzip failed/ })
    await expect(passed).rejects.toThrow()
    expect(await readdir(dirname(path))).not.toContain('etcd.backup.gz')
  })
})

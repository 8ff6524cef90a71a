import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { removeLeftovers } from '../../src/app/leftovers.ts'
import { createJournal, type Journal } from '../../src/engine/index.ts'
import { newRun, planOf, step } from '../engine/support.ts'
import { tempDir } from '../steps/support/temp.ts'

let workDir: string
beforeEach(async () => {
  workDir = join(await tempDir(), 'etcd-rescue')
})

const plan = planOf([step({ id: 'x' })])

/** A run with fetched data; its process is this one, until the journal is closed. */
async function runWithData(): Promise<Journal & { dir: string }> {
  const journal = await createJournal(workDir, newRun(plan))
  const dir = journal.dir ?? ''
  await mkdir(join(dir, 'scratch'), { mode: 0o700 })
  await writeFile(join(dir, 'scratch', 'db'), 'every Secret')
  await journal.append({ type: 'attempt', attempt: 1, pid: 1, host: 'h' })
  return { ...journal, dir }
}

async function ended(status: 'succeeded' | 'failed' | 'cancelled', only?: string) {
  const journal = await runWithData()
  await journal.append({ type: 'selection', facts: {}, ...(only === undefined ? {} : { only }) })
  await journal.append({ type: 'ended', status, seconds: 1 })
  await journal.close()
  return journal
}

const data = (dir: string) => readdir(join(dir, 'scratch')).catch(() => [])

describe('what runs left in the work directory', () => {
  it('is removed of one that is over, and told; its journal stays', async () => {
    const { dir } = await ended('succeeded')
    expect(await removeLeftovers(workDir)).toEqual([
      expect.stringMatching(
        /^removed what 1 run that is over left in .*runs: 1 file, 12 B, which may have held Secrets$/,
      ),
    ])
    expect(await readdir(dir)).toEqual(['journal.ndjson'])
    expect(await removeLeftovers(workDir)).toEqual([])
  })

  it('is removed where the journal is gone: nothing can go on with it', async () => {
    const { dir } = await ended('failed')
    await rm(join(dir, 'journal.ndjson'))
    expect(await removeLeftovers(workDir)).toEqual([expect.stringMatching(/1 run that is over/)])
    expect(await data(dir)).toEqual([])
  })

  it('stays of every run that can be resumed, goes on, or cannot be read', async () => {
    const killed = await runWithData()
    await killed.close()
    const unreadable = await ended('succeeded')
    await writeFile(join(unreadable.dir, 'journal.ndjson'), 'of a newer version\n')
    const isEnding = await runWithData()
    await isEnding.append({ type: 'ended', status: 'succeeded', seconds: 1 })
    const beside = await ended('succeeded')
    await writeFile(join(beside.dir, 'writer.lock'), 'laptop-4026532999 1 1 00\n')
    const kept = [await ended('failed'), await ended('cancelled'), killed, unreadable, isEnding, beside]
    expect(await removeLeftovers(workDir)).toEqual([])
    for (const { dir } of kept) expect(await data(dir)).toEqual(['db'])
    await isEnding.close()
  })

  it('stays for the run that goes on with its results: --only fetched it, or --run names it', async () => {
    const fetched = await ended('succeeded', 'fetch-member')
    const named = await ended('succeeded')
    expect(await removeLeftovers(workDir, { keep: named.header.run })).toEqual([])
    expect([await data(fetched.dir), await data(named.dir)]).toEqual([['db'], ['db']])
  })

  it('is only said in a dry run', async () => {
    const { dir, header } = await ended('succeeded')
    expect(await removeLeftovers(workDir, { dryRun: true })).toEqual([
      `1 run that is over left data, which may hold Secrets, in ${header.run}: the next command without --dry-run removes it`,
    ])
    expect(await data(dir)).toEqual(['db'])
  })

  it('is never looked for behind a link', async () => {
    const { dir } = await ended('succeeded')
    const elsewhere = join(workDir, basename(dir))
    await rename(dir, elsewhere)
    await symlink(elsewhere, dir)
    expect(await removeLeftovers(workDir)).toEqual([])
    expect(await data(elsewhere)).toEqual(['db'])
  })
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli } from '../support/cli.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-cli-'))
  await mkdir(join(dir, 'main'))
  const stores = (events: string) =>
    `cluster: a.b\nstate: file:///none\nworkDir: work\netcdClusters:\n  main: { backupStore: 'file://${dir}/main' }\n${events}`
  await writeFile(join(dir, 'all.yaml'), stores(''))
  await writeFile(join(dir, 'half.yaml'), stores(`  events: { backupStore: 'file://${dir}/none' }\n`))
})
afterAll(() => rm(dir, { recursive: true }))

describe('scan', () => {
  it('ends with 0 where all was searched, though nothing was found', async () => {
    const { code, stdout } = await cli(['scan', '--json', '--config', 'all.yaml'], { cwd: dir })
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ copies: [], unsearched: [] })])
  })

  it('ends with 21 where a part was not searched, and says which: that is not the same as empty', async () => {
    const { code, stdout } = await cli(['scan', '--json', '--config', 'half.yaml'], { cwd: dir })
    const unsearched = [{ store: `file://${dir}/none`, why: expect.stringContaining(`${dir}/none`) }]
    expect([code, JSON.parse(stdout)]).toEqual([21, expect.objectContaining({ copies: [], unsearched })])
    const told = await cli(['scan', '--config', 'half.yaml'], { cwd: dir })
    expect(told.code).toBe(21)
    expect(told.stdout).toMatch(/^NOT SEARCHED: newer copies may lie there$/m)
  })
})

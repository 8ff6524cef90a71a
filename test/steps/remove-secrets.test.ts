import { readdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { EtcdRelease, LocalEtcd, LocalMember } from '../../src/ports/etcd.ts'
import { borrowMember } from '../../src/steps/support/members.ts'
import { contextOf, stepOf } from './support/step.ts'
import { tempScratch } from './support/temp.ts'

const release: EtcdRelease = { version: '3.5.30', minor: '3.5', etcd: 'etcd', etcdctl: 'etcdctl' }

describe('remove-secrets', () => {
  test('stops the local etcd first, then removes everything of the run from this machine', async () => {
    const scratch = await tempScratch()
    const secret = await scratch.file('fetched', 'db')
    await writeFile(secret, Buffer.alloc(2048))
    let filesAtStop: string[] = []
    const stop = async () => {
      filesAtStop = await readdir(dirname(secret))
    }
    const start = async () => ({ stop }) as unknown as LocalMember
    const { context, notes, world } = contextOf('remove-secrets', {
      world: { scratch, etcd: { start } as unknown as LocalEtcd },
    })
    await borrowMember(world, release, scratch.peek('wal'), new AbortController().signal)
    await stepOf('remove-secrets').act(context as never)
    expect(filesAtStop).toEqual(['db'])
    await expect(readdir(scratch.peek())).rejects.toMatchObject({ code: 'ENOENT' })
    expect(notes[0]).toMatch(/^removed 1 file \(2.05 kB\)/)
  })

  test('again, with nothing left, is no error', async () => {
    const { context, notes } = contextOf('remove-secrets', { world: { scratch: await tempScratch() } })
    await stepOf('remove-secrets').act(context as never)
    expect(notes[0]).toMatch(/^removed 0 files/)
  })
})

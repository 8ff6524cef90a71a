import { existsSync } from 'node:fs'
import { mkdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { verifyBackup } from '../../src/app/backups.ts'
import { temporaryDir } from '../../src/app/leftovers.ts'
import { DATA_FILE, encodeMeta, META_FILE } from '../../src/etcd-manager/backups.ts'
import { tempDir } from '../steps/support/temp.ts'
import { testSession } from '../support/session.ts'

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  statfs: vi.fn(),
}))

const NAME = '2026-11-20T01:00:00Z-000001'

test('room for the unpacked backup and its restore is asked for before a byte of it is downloaded', async () => {
  vi.mocked(statfs).mockResolvedValue({ bavail: 1_000_000, bsize: 4096 } as never)
  const dir = await tempDir()
  const backup = join(dir, 'state/x.example.com/backups/etcd/main', NAME)
  await mkdir(backup, { recursive: true })
  // a cut one, so that its content would be the next thing to be wrong: it says that it unpacks to 2 GB
  const gz = gzipSync('x'.repeat(5000)).subarray(0, -4)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(2_000_000_000)
  await writeFile(join(backup, DATA_FILE), Buffer.concat([gz, size]))
  await writeFile(join(backup, META_FILE), encodeMeta({ etcdVersion: '3.5.30', memberCount: 3, at: new Date() }))
  await writeFile(join(dir, 'etcd-rescue.yaml'), `cluster: x.example.com\nstate: file://${dir}/state\n`)
  await expect(verifyBackup(testSession(dir), { etcdCluster: 'main', backup: NAME })).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(/has 4\.1 GB free where 4\.4 GB are needed/),
  })
  expect(existsSync(temporaryDir(join(dir, 'etcd-rescue')))).toBe(false)
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cli } from '../support/cli.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-cli-'))
  await mkdir(join(dir, 'x.example.com/backups/etcd/main/control'), { recursive: true })
})
afterAll(() => rm(dir, { recursive: true }))

const control = (name: string) => join(dir, 'x.example.com/backups/etcd/main/control', name)
const show = async (...more: string[]) =>
  cli(['control', 'show', '--name', 'x.example.com', '--state', `file://${dir}`, ...more])

it('control show says what the files mean together, and which commands wait', async () => {
  expect(JSON.parse((await show('--json')).stdout).verdict).toBe('silent-no-backups')
  await writeFile(control('etcd-cluster-spec'), '{\n  "memberCount": 3,\n  "etcdVersion": "3.5.30"\n}')
  const bomb = JSON.parse((await show('--json')).stdout)
  expect(bomb).toMatchObject({
    verdict: 'about-to-seed',
    spec: { state: 'present', memberCount: 3, etcdVersion: '3.5.30' },
    commands: [],
  })
  await writeFile(control('etcd-cluster-created'), '{"timestamp":1795378214535561551}')
  await mkdir(control('2026-11-22T10:00:00Z-000000'))
  const command = {
    timestamp: '1795342800000000000',
    restoreBackup: { clusterSpec: { memberCount: 3, etcdVersion: '3.5.30' }, backup: 'b\u001b[2J' },
  }
  await writeFile(control('2026-11-22T10:00:00Z-000000/_command.json'), JSON.stringify(command))
  const { stdout, code } = await show()
  expect(code).toBe(0)
  expect(stdout).toContain('normal')
  expect(stdout).toContain('control/2026-11-22T10:00:00Z-000000/_command.json')
  expect(stdout).not.toContain('\u001b')
})

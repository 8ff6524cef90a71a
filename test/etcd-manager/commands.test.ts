import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import {
  addCommand,
  addRestoreCommand,
  commandKey,
  encodeRestoreCommand,
  listCommands,
  removeCommand,
} from '../../src/etcd-manager/commands.ts'
import { ctlArgv } from '../../src/etcd-manager/ctl.ts'

const now = new Date('2026-11-22T10:11:12.345Z')
const clusterSpec = { memberCount: 3, etcdVersion: '3.5.30' }
const command = { backup: 'recovered-1', clusterSpec, now }

describe('restore commands', () => {
  it('lie where etcd-manager looks and say what it reads', () => {
    expect(commandKey(now)).toBe('control/2026-11-22T10:11:12Z-000000/_command.json')
    expect(encodeRestoreCommand(command).toString()).toBe(
      '{"timestamp":"1795342272345000000","restoreBackup":{"clusterSpec":{"memberCount":3,"etcdVersion":"3.5.30"},"backup":"recovered-1"}}',
    )
  })

  it('are listed in the order in which they run, with what cannot be read', async () => {
    const store = memoryStore()
    await addCommand(store, { ...command, backup: 'second', now: new Date(now.getTime() + 5000) })
    await addCommand(store, command)
    await store.write('control/by-hand/_command.json', Buffer.from('{"restore":1}'))
    await store.write('control/etcd-cluster-spec', Buffer.from('{}'))
    const commands = await listCommands(store)
    expect(commands.map(({ backup, problem }) => backup ?? problem)).toEqual([
      'unknown field "restore"',
      'recovered-1',
      'second',
    ])
  })

  it('written again is fine, another one in the same second is refused', async () => {
    const store = memoryStore()
    const { key } = await addCommand(store, command)
    await expect(addRestoreCommand(store, key, command)).resolves.toHaveProperty('version')
    await expect(addCommand(store, { ...command, backup: 'other' })).rejects.toMatchObject({ code: 'COMMAND_PENDING' })
    expect(await listCommands(store)).toHaveLength(1)
  })

  it('are removed only as they were read, and nothing else is', async () => {
    const store = memoryStore()
    const { key, version } = await addCommand(store, command)
    await expect(removeCommand(store, { key, version: 'other' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    await removeCommand(store, { key, version })
    expect(await listCommands(store)).toEqual([])
    await expect(removeCommand(store, { key: 'control/etcd-cluster-created', version })).rejects.toMatchObject({
      code: 'USAGE',
    })
  })

  it.each(['', '.', '..', 'a/b', 'control'])('never name the backup %j', (backup) => {
    expect(() => encodeRestoreCommand({ ...command, backup })).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  it('many are refused rather than read', async () => {
    const store = memoryStore()
    for (let i = 0; i < 101; i++) await store.write(`control/${i}/_command.json`, Buffer.from('{}'))
    await expect(listCommands(store)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })
})

describe('etcd-manager-ctl', () => {
  it('is called with flags before the command', () => {
    expect(
      ctlArgv('/bin/ctl', 's3://b/p', { command: 'restore-backup', backup: '2024-03-21T13:02:05Z-000001' }),
    ).toEqual(['/bin/ctl', '-backup-store=s3://b/p', 'restore-backup', '2024-03-21T13:02:05Z-000001'])
    expect(ctlArgv('ctl', 'file:///s', { command: 'configure-cluster', spec: clusterSpec })).toEqual([
      'ctl',
      '-backup-store=file:///s',
      '-member-count=3',
      '-etcd-version=3.5.30',
      'configure-cluster',
    ])
    expect(ctlArgv('ctl', 'file:///s', { command: 'get' })).toEqual(['ctl', '-backup-store=file:///s', 'get'])
  })
})

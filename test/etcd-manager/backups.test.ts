import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import {
  backupName,
  DATA_FILE,
  encodeMeta,
  listBackups,
  META_FILE,
  parseBackupName,
  parseMeta,
  readBackup,
  withMetas,
} from '../../src/etcd-manager/backups.ts'

const at = new Date('2024-03-21T13:02:05.678Z')
const goodMeta = () => encodeMeta({ etcdVersion: '3.5.30', memberCount: 3, at })

describe('names of backups', () => {
  it('writes and reads what etcd-manager writes', () => {
    expect(backupName(at, 1)).toBe('2024-03-21T13:02:05Z-000001')
    expect(parseBackupName(backupName(at, 42))).toEqual({ at: new Date('2024-03-21T13:02:05Z'), sequence: '000042' })
  })

  it.each([
    'recovered-incident-1',
    '2024-03-21',
    '2024-02-31T00:00:00Z-000000',
    '2024-03-21T25:00:00Z',
    '',
    'x2024-03-21T13:02:05Z',
  ])('finds no time in %j, so the clean-up never touches it', (name) => expect(parseBackupName(name)).toBeUndefined())

  it('knows that a time alone is cleaned up too', () => {
    expect(parseBackupName('2024-03-21T13:02:05Z')?.sequence).toBe('')
  })
})

describe('meta files', () => {
  it('writes only the fields that etcd-manager knows', () => {
    expect(JSON.parse(goodMeta().toString())).toEqual({
      etcdVersion: '3.5.30',
      timestamp: '1711026125',
      clusterSpec: { memberCount: 3, etcdVersion: '3.5.30' },
    })
    expect(parseMeta(goodMeta()).timestamp).toEqual(new Date('2024-03-21T13:02:05Z'))
  })

  it.each([
    '{"etcdVersion":"3.5.30"}',
    '{ "etcd_version": "3.5.30", "cluster_spec": {"member_count":"3","etcdVersion":"3.5.30"} }',
    '{"etcdVersion":"3.5.30","timestamp":1711026125,"clusterSpec":null}',
  ])('accepts %s', (text) => expect(parseMeta(Buffer.from(text)).etcdVersion).toBe('3.5.30'))

  it.each([
    ['', 'empty'],
    ['nonsense', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['{}', 'etcdVersion is missing'],
    ['{"etcdVersion":""}', 'etcdVersion is missing'],
    ['{"etcdVersion":3.5}', 'not a string'],
    ['{"etcdVersion":"3.5.30","by":"me"}', 'unknown field "by"'],
    ['{"etcdVersion":"3.5.30","__proto__":1}', 'unknown field'],
    ['{"etcdVersion":"3.5.30","etcd_version":"3.5.30"}', 'twice'],
    ['{"etcdVersion":"3.5.30","timestamp":"now"}', 'not an integer'],
    ['{"etcdVersion":"3.5.30","timestamp":"9999999999999999999"}', 'out of range'],
    ['{"etcdVersion":"3.5.30","clusterSpec":{"memberCount":3000000000}}', 'out of range'],
    ['{"etcdVersion":"3.5.30","clusterSpec":{"size":3}}', 'unknown field "clusterSpec.size"'],
  ])('refuses %s as etcd-manager would: %s', (text, why) => {
    expect(() => parseMeta(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'BACKUP_INVALID', message: expect.stringContaining(why) }),
    )
  })
})

describe('the list of backups', () => {
  async function store() {
    const made = memoryStore()
    const put = async (name: string, meta?: Buffer, data: Buffer | undefined = Buffer.alloc(1700)) => {
      if (data) await made.write(`${name}/${DATA_FILE}`, data)
      if (meta) await made.write(`${name}/${META_FILE}`, meta)
    }
    await put('2024-03-21T13:02:05Z-000001', goodMeta())
    await put('2024-03-20T13:02:05Z-000001', goodMeta())
    await put('2024-03-22T00:00:00Z-000001')
    await put(
      'recovered-incident-1',
      Buffer.from(
        '{"etcdVersion":"3.5.30","timestamp":"1711200000","clusterSpec":{"memberCount":3,"etcdVersion":"3.5.30"}}',
      ),
    )
    await put('broken', Buffer.from('{"unknown":1}'))
    await put('2024-03-23T00:00:00Z-000001', goodMeta(), Buffer.alloc(0))
    await made.write('control/etcd-cluster-spec', Buffer.from('{}'))
    await made.write('deep/er/_etcd_backup.meta', goodMeta())
    return made
  }

  it('is in order of time, tells the usable from the rest and sees no other folder', async () => {
    const made = await store()
    const backups = await withMetas(made, await listBackups(made))
    expect(backups.map(({ name, gzBytes, problem }) => [name, gzBytes, problem])).toEqual([
      ['2024-03-20T13:02:05Z-000001', 1700, undefined],
      ['2024-03-21T13:02:05Z-000001', 1700, undefined],
      ['2024-03-22T00:00:00Z-000001', 1700, 'incomplete: _etcd_backup.meta is missing'],
      ['2024-03-23T00:00:00Z-000001', 0, 'etcd.backup.gz is empty'],
      ['recovered-incident-1', 1700, undefined],
      ['broken', 1700, expect.stringContaining('unknown field')],
    ])
    expect(backups[4]?.createdAt).toEqual(new Date(1711200000_000))
  })

  it('takes names, sizes and times from the listing, and reads nothing', async () => {
    const made = await store()
    const read = () => Promise.reject(new Error('was read'))
    const backups = await listBackups({ ...made, read, head: read, stream: read })
    expect(backups.map(({ name }) => name)).toHaveLength(6)
    expect(backups[0]).toMatchObject({ gzBytes: 1700, createdAt: new Date('2024-03-20T13:02:05Z') })
    expect(backups.filter(({ problem }) => problem).map(({ problem }) => problem)).toEqual([
      'incomplete: _etcd_backup.meta is missing',
      'etcd.backup.gz is empty',
    ])
  })

  it('reads one by name, and says so when it is not there', async () => {
    const made = await store()
    expect((await readBackup(made, 'recovered-incident-1')).meta?.clusterSpec?.memberCount).toBe(3)
    await expect(readBackup(made, 'nothing')).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
    await expect(readBackup(made, '../x')).rejects.toMatchObject({ code: 'USAGE' })
  })
})

import { PutObjectCommand, RestoreObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeMeta, listBackups, readBackup, withMetas } from '../../../src/etcd-manager/backups.ts'
import { addCommand } from '../../../src/etcd-manager/commands.ts'
import { CREATED_KEY, judgeControl, readControl, SPEC_KEY } from '../../../src/etcd-manager/control.ts'
import type { S3ErrorCode } from '../../../src/lab/s3/s3-error.ts'
import { ownBackupNames } from '../../../src/steps/support/new-backups.ts'
import { expectCode } from '../../contracts/object-store/support.ts'
import { type LabS3Fixture, labS3 } from '../../support/lab-s3.ts'
import { plainClient } from '../../support/s3-bucket.ts'

const OLD = '2026-11-20T01:00:00Z-000001'
const GOOD = '2026-11-28T01:00:00Z-000002'
const NEW = '2026-11-29T01:00:00Z-000003'
const ODD = "x'; $(touch y)"

let lab: LabS3Fixture
beforeAll(async () => {
  lab = await labS3()
  const store = lab.store()
  const meta = encodeMeta({ etcdVersion: '3.5.30', memberCount: 3, at: new Date() })
  for (const name of [OLD, GOOD, NEW]) {
    await store.write(`${name}/etcd.backup.gz`, Buffer.from('x'.repeat(300)))
    await store.write(`${name}/_etcd_backup.meta`, meta)
  }
  await store.write(CREATED_KEY, Buffer.from('{}'))
  await store.write(SPEC_KEY, Buffer.from('{"memberCount":3,"etcdVersion":"3.5.30"}'))
})
afterEach(() => lab.faults.clear())
afterAll(() => lab.close())

const refuse = (code: S3ErrorCode, part: string, operations = ['GetObject']) =>
  lab.faults.add({
    kind: 'answer',
    code,
    times: Number.POSITIVE_INFINITY,
    when: ({ operation, key }) => operations.includes(operation) && key.includes(part),
  })

const archive = (key: string, body: string) => {
  const client = plainClient(lab)
  const put = new PutObjectCommand({ Bucket: 'bucket', Key: `prefix/${key}`, Body: body, StorageClass: 'GLACIER' })
  return client.send(put).finally(() => client.destroy())
}

describe('what is wrong with one object', () => {
  const kinds: [string, S3ErrorCode, string, RegExp, RegExp][] = [
    ['archived', 'InvalidObjectState', 'OBJECT_ARCHIVED', /^archived: restore it first/, /aws s3api restore-object/],
    ['with a key that is disabled', 'KMS.DisabledException', 'OBJECT_UNREADABLE', /KMS\.Disabled/, /KMS key/],
    ['refused', 'AccessDenied', 'OBJECT_UNREADABLE', /AccessDenied/, /s3:GetObject on arn:aws:s3:::bucket\/prefix\//],
  ]

  it.each(kinds)('%s: the backup has a problem, the others are listed', async (_, answer, code, problem, hint) => {
    refuse(answer, OLD)
    const store = lab.store()
    const backups = await withMetas(store, await listBackups(store))
    const shown = backups.map(({ name, meta, ...backup }) => [name, meta?.etcdVersion, backup.code])
    expect(shown).toEqual([
      [OLD, undefined, code],
      [GOOD, '3.5.30', undefined],
      [NEW, '3.5.30', undefined],
    ])
    expect(backups[0]).toMatchObject({ problem: expect.stringMatching(problem), hint: expect.stringMatching(hint) })
    const error = await expectCode(store.read(`${OLD}/_etcd_backup.meta`), 'OBJECT_ARCHIVED', 'OBJECT_UNREADABLE')
    expect(error.hint).toMatch(hint)
  })

  it('a store that was asked for nothing else before still knows the object from the credentials', async () => {
    refuse('AccessDenied', OLD)
    await expectCode(lab.store().read(`${OLD}/_etcd_backup.meta`), 'OBJECT_UNREADABLE')
    refuse('AccessDenied', '', ['ListObjectsV2', 'GetObject', 'HeadObject'])
    const { hint } = await expectCode(lab.store().read(`${OLD}/_etcd_backup.meta`), 'STORE_AUTH')
    expect(hint).toContain('s3:ListBucket on arn:aws:s3:::bucket ')
    lab.faults.clear()
    refuse('AccessDenied', '', ['PutObject'])
    expect((await expectCode(lab.store().write('a', Buffer.from('a')), 'STORE_AUTH')).hint).toContain('s3:PutObject')
  })

  it('what needs only names reads only names', async () => {
    for (const code of ['InvalidObjectState', 'AccessDenied'] as const) refuse(code, '', ['GetObject', 'HeadObject'])
    expect(await ownBackupNames(lab.store())).toEqual([OLD, GOOD, NEW])
  })

  it('the command to bring it back can be pasted, and after it the backup is whole', async () => {
    await archive(`${ODD}/etcd.backup.gz`, 'data')
    await archive(
      `${ODD}/_etcd_backup.meta`,
      encodeMeta({ etcdVersion: '3.5.30', memberCount: 3, at: new Date() }).toString(),
    )
    const store = lab.store({ profile: 'my profile' })
    const listed = (await listBackups(store)).find(({ name }) => name === ODD)
    expect(listed).toMatchObject({ code: 'OBJECT_ARCHIVED', problem: expect.stringMatching(/^archived/) })
    const quoted = `--key 'prefix/x'\\''; $(touch y)/etcd.backup.gz' --restore-request`
    expect(listed?.hint).toContain(quoted)
    expect(listed?.hint).toContain(`--endpoint-url ${lab.endpoint} --region us-east-1 --profile 'my profile'`)
    expect(listed?.hint).toContain('_etcd_backup.meta')
    expect((await readBackup(store, ODD)).code).toBe('OBJECT_ARCHIVED')
    const client = plainClient(lab)
    for (const file of ['etcd.backup.gz', '_etcd_backup.meta']) {
      const place = { Bucket: 'bucket', Key: `prefix/${ODD}/${file}` }
      await client.send(new RestoreObjectCommand({ ...place, RestoreRequest: { Days: 7 } }))
    }
    client.destroy()
    expect(await readBackup(store, ODD)).toMatchObject({ name: ODD, meta: { etcdVersion: '3.5.30' } })
    expect((await readBackup(store, ODD)).problem).toBeUndefined()
  })

  it('an archived control file blocks etcd-manager too; of a refused one nothing is known', async () => {
    refuse('InvalidObjectState', CREATED_KEY)
    const archived = await readControl(lab.store())
    expect(archived.created).toMatchObject({ state: 'unreadable', hint: expect.stringContaining('restore-object') })
    expect(judgeControl(archived)).toMatchObject({ verdict: 'blocked', explain: expect.stringContaining('archived') })
    lab.faults.clear()
    refuse('AccessDenied', SPEC_KEY)
    const refused = await readControl(lab.store())
    expect(refused.created.state).toBe('present')
    expect(judgeControl(refused)).toMatchObject({
      verdict: 'unknown',
      explain: expect.stringContaining('AccessDenied'),
    })
  })

  it('a command that cannot be read waits all the same', async () => {
    const command = { backup: GOOD, clusterSpec: { memberCount: 3, etcdVersion: '3.5.30' }, now: new Date() }
    const { key } = await addCommand(lab.store(), command)
    refuse('AccessDenied', key)
    expect((await readControl(lab.store())).commands).toMatchObject([{ key, problem: expect.stringContaining('403') }])
    lab.faults.clear()
    await lab.store().remove(key)
  })
})

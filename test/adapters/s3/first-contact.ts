import { describe, expect, it } from 'vitest'
import { s3Store } from '../../../src/adapters/s3/store.ts'
import type { ObjectStore } from '../../../src/ports/object-store.ts'
import { expectCode } from '../../contracts/object-store/support.ts'
import type { S3Access } from '../../support/s3-bucket.ts'

/** What goes wrong at first contact, with every kind of call: HEAD answers say least, so they are tried as well. */
export function firstContactCases(name: string, access: () => S3Access & { bucket: string }): void {
  const store = (changed: Partial<S3Access & { bucket: string }>) => {
    const { endpoint, bucket, ...credentials } = { ...access(), ...changed }
    return s3Store({ url: `s3://${bucket}/x`, endpoint, credentials, env: {} })
  }
  const calls: [string, (s: ObjectStore) => Promise<unknown>][] = [
    ['head', (s) => s.head('a')],
    ['read', (s) => s.read('a')],
    ['list', (s) => s.list('')],
    ['write', (s) => s.write('a', Buffer.from('x'))],
    ['write ifAbsent', (s) => s.write('a', Buffer.from('x'), { ifAbsent: true })],
  ]

  describe(`first contact with ${name}`, () => {
    it.each(calls)('an unknown access key: %s', async (_name, call) => {
      const error = await expectCode(call(store({ accessKeyId: 'AKNOBODY' })), 'STORE_AUTH')
      expect(error.hint).toContain('access key')
    })
    it.each(calls)('a wrong secret key: %s', async (_name, call) => {
      const error = await expectCode(call(store({ secretAccessKey: 'wrong' })), 'STORE_AUTH')
      expect(error.hint).toContain('secret key')
      expect(error.message).not.toContain('wrong')
    })
    it.each(calls)('a missing bucket: %s', async (_name, call) => {
      const error = await expectCode(call(store({ bucket: 'er-not-there' })), 'STORE_MISSING')
      expect(error.message).toContain('er-not-there')
    })
  })
}

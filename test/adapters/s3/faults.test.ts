import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { S3Call } from '../../../src/adapters/s3/options.ts'
import { PART_BYTES } from '../../../src/adapters/s3/parts.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { bytesOf, expectCode } from '../../contracts/object-store/support.ts'
import { type LabS3Fixture, labS3 } from '../../support/lab-s3.ts'
import { openUploads } from '../../support/s3-bucket.ts'

const MiB = 1 << 20
const large = randomBytes(20 * MiB)

/** Back-off without waiting for it. */
const hasty: Clock = { now: () => new Date(), sleep: async (_ms, signal) => signal?.throwIfAborted() }

describe('an S3 store that misbehaves', () => {
  let lab: LabS3Fixture
  const calls: S3Call[] = []
  const store = () => lab.store({ clock: hasty, onCall: (call) => calls.push(call) })
  const pieces = () => Readable.from(Array.from({ length: 20 }, (_, i) => large.subarray(i * MiB, (i + 1) * MiB)))
  const attemptsOf = (operation: string) => calls.filter((call) => call.operation === operation).length

  beforeAll(async () => {
    lab = await labS3()
    await lab.store().write('a', Buffer.from('hello'))
    await lab.store().upload('large', pieces())
  })
  afterEach(() => {
    lab.faults.clear()
    calls.length = 0
  })
  afterAll(() => lab.close())

  it('is asked again after 503s, up to five times', async () => {
    lab.faults.add({ kind: 'answer', code: 'SlowDown', times: 4 })
    expect((await store().read('a')).body.toString()).toBe('hello')
    expect(calls.map((call) => call.attempt)).toEqual([1, 2, 3, 4, 5])
  })

  it('fails clearly when the 503s go on, and nothing is written', async () => {
    lab.faults.add({ kind: 'answer', code: 'SlowDown', times: Number.POSITIVE_INFINITY })
    const error = await expectCode(store().write('never', Buffer.from('x')), 'STORE_FAILED', 'STORE_UNREACHABLE')
    expect(error.message).toContain('SlowDown')
    lab.faults.clear()
    expect(await store().head('never')).toBeUndefined()
  })

  it('goes on after connections that were cut while parts were sent', async () => {
    lab.faults.add({ kind: 'cut-upload', at: 3 * MiB, times: 2, when: (asked) => asked.operation === 'UploadPart' })
    const { bytes } = await store().upload('cut', pieces())
    expect(bytes).toBe(large.length)
    expect(attemptsOf('UploadPart')).toBe(Math.ceil(large.length / PART_BYTES) + 2)
    expect((await bytesOf(await store().stream('cut'))).equals(large)).toBe(true)
  })

  it('leaves nothing of an upload whose parts can not be sent', async () => {
    lab.faults.add({ kind: 'cut-upload', at: 1, times: 99, when: (asked) => asked.operation === 'UploadPart' })
    await expectCode(store().upload('never', pieces()), 'STORE_FAILED')
    lab.faults.clear()
    expect(await openUploads(lab, 'bucket')).toEqual([])
    expect(await store().head('never')).toBeUndefined()
  })

  it('reads on from where a body was cut', async () => {
    for (const at of [1, 7 * MiB + 13, 12 * MiB]) lab.faults.add({ kind: 'cut-download', at })
    expect((await bytesOf(await store().stream('large'))).equals(large)).toBe(true)
    expect(attemptsOf('GetObject')).toBe(4)
  })

  it('reads on within a range', async () => {
    lab.faults.add({ kind: 'cut-download', at: 1000 })
    const body = await bytesOf(await store().stream('large', { start: 500, end: 5_000_000 }))
    expect(body.equals(large.subarray(500, 5_000_001))).toBe(true)
  })

  it('gives up on a body that is cut again and again', async () => {
    lab.faults.add({ kind: 'cut-download', at: 1, times: 99 })
    await expectCode(bytesOf(await store().stream('large')), 'STORE_FAILED')
    expect(attemptsOf('GetObject')).toBe(6)
  })

  it('never joins two objects when one is overwritten while it is read', async () => {
    await store().upload('moving', pieces())
    lab.faults.add({ kind: 'cut-download', at: 9 * MiB })
    const stream = await store().stream('moving')
    await store().write('moving', Buffer.from('another'))
    const error = await expectCode(bytesOf(stream), 'STORE_CORRUPT')
    expect(error.message).toContain('overwritten')
  })

  it('notices wrong bytes by the stored checksum', async () => {
    lab.faults.add({ kind: 'wrong-bytes', at: 2 })
    const error = await expectCode(store().read('a'), 'STORE_CORRUPT')
    expect(error.message).toContain('CRC32')
  })

  it('does not take its own lock for another one when the answer was lost', async () => {
    for (const ifAbsent of [true, false]) {
      lab.faults.add({ kind: 'lose-answer', when: (asked) => asked.operation === 'PutObject' })
      const seen = ifAbsent ? undefined : (await store().head('lock'))?.version
      const body = Buffer.from(`mine ${ifAbsent}`)
      const { version } = await store().write(
        'lock',
        body,
        seen === undefined ? { ifAbsent: true } : { ifVersion: seen },
      )
      expect(await store().read('lock')).toEqual({ body, version })
    }
  })

  it('finds its own upload when the answer to its completion was lost', async () => {
    lab.faults.add({ kind: 'lose-answer', when: (asked) => asked.operation === 'CompleteMultipartUpload' })
    const { version } = await store().upload('completed', pieces(), { ifAbsent: true })
    expect((await store().head('completed'))?.version).toBe(version)
    expect(await openUploads(lab, 'bucket')).toEqual([])
  })

  it('ends a request that is not answered', async () => {
    lab.faults.add({ kind: 'slow', ms: 3000, times: 99 })
    const impatient = lab.store({ clock: hasty, deadlines: { request: 100 } })
    const error = await expectCode(impatient.read('a'), 'STORE_UNREACHABLE')
    expect(error.message).toContain('no answer within 0.1 s')
  })

  it.each(['ifAbsent', 'ifVersion'] as const)('is refused for locks when it ignores conditions (%s)', async (which) => {
    const { version } = await store().write('base', Buffer.from('1'))
    lab.faults.add({ kind: 'ignore-conditions', times: 99 })
    const attempt =
      which === 'ifAbsent'
        ? store().write('fresh', Buffer.from('2'), { ifAbsent: true })
        : store().write('base', Buffer.from('2'), { ifVersion: version })
    expect((await expectCode(attempt, 'STORE_FAILED')).message).toContain('no conditional writes')
    expect(await store().head('fresh')).toBeUndefined()
  })

  it.each(['ifAbsent', 'ifVersion'] as const)('is refused for locks when it refuses conditions (%s)', async (which) => {
    const { version } = await store().write('base', Buffer.from('1'))
    lab.faults.add({
      kind: 'answer',
      code: 'NotImplemented',
      times: 99,
      when: (asked) => asked.operation === 'PutObject',
    })
    const attempt = store().write(
      which,
      Buffer.from('2'),
      which === 'ifAbsent' ? { ifAbsent: true } : { ifVersion: version },
    )
    expect((await expectCode(attempt, 'STORE_FAILED')).message).toContain('no conditional writes')
  })

  it('still takes new backups where completing has no conditions', async () => {
    const operation = 'CompleteMultipartUpload'
    lab.faults.add({ kind: 'answer', code: 'NotImplemented', when: (asked) => asked.operation === operation })
    await store().upload('plain', pieces(), { ifAbsent: true })
    lab.faults.add({ kind: 'answer', code: 'NotImplemented', when: (asked) => asked.operation === operation })
    await expectCode(store().upload('plain', pieces(), { ifAbsent: true }), 'STORE_CONFLICT')
    expect(await openUploads(lab, 'bucket')).toEqual([])
  })
})

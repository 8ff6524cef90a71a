import { describe, expect, it } from 'vitest'
import { reasonFor } from '../../../src/adapters/etcd/exit-reason.ts'
import { lastUsefulLine } from '../../../src/adapters/etcd/log-line.ts'
import { prefixRange } from '../../../src/adapters/etcd/messages.ts'
import { startNotes } from '../../../src/adapters/etcd/start-notes.ts'

describe('why an etcd ended', () => {
  it.each([
    ['{"level":"fatal","msg":"discovery failed","error":"walpb: crc mismatch"}', 'COPY_CORRUPT'],
    [
      '{"level":"fatal","msg":"invalid downgrade; server version is lower than determined cluster version"}',
      'VERSION_MISMATCH',
    ],
    ['{"level":"panic","msg":"failed to open database","error":"write /x/db: no space left on device"}', 'DISK_FULL'],
    ['Error: snapshot missing hash but --skip-hash-check=false', 'COPY_CORRUPT'],
    ['Error: expected sha256 [1 2], got [3 4]', 'COPY_CORRUPT'],
    [
      'panic: runtime error: slice bounds out of range\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1 +0x1',
      'COPY_CORRUPT',
    ],
    ['Error: data-dir "x" is strange', 'ETCD_FAILED'],
  ])('%s is %s', (output, code) => {
    expect(reasonFor('etcd', output, 'exit code 1').code).toBe(code)
  })

  it('knows a bus error without any output', () => {
    expect(reasonFor('etcd', '', 'signal SIGBUS')).toMatchObject({ code: 'COPY_CORRUPT', message: /SIGBUS/ })
  })

  it('quotes the line that says why, bounded, and not the stack or the last info line', () => {
    const log = [
      '{"level":"info","msg":"starting"}',
      '{"level":"fatal","msg":"discovery failed","error":"open wal: broken"}',
      'not json {',
      '{"level":"info","msg":"closing"}',
    ]
    expect(lastUsefulLine(log.join('\n'))).toBe('open wal: broken')
    expect(lastUsefulLine('panic: bad page\n\ngoroutine 7 [running]:\nmain.f(0x1)\n\t/a.go:3')).toBe('panic: bad page')
    expect(lastUsefulLine(`Error: ${'x'.repeat(5000)}`).length).toBeLessThan(500)
    expect(lastUsefulLine('')).toBe('')
  })

  it('notes what was dropped, and nothing of a quiet start', () => {
    const dropped = '{"msg":"discarding uncommitted WAL entries","entry-index":9,"number-of-discarded-entries":19}'
    expect(startNotes(dropped)).toEqual([expect.stringContaining('19 last entries')])
    expect(startNotes(dropped.replace('19', '0'))).toEqual([])
    expect(startNotes('{"msg":"repaired WAL","error":"unexpected EOF"}')).toEqual([expect.stringContaining('cut off')])
    expect(startNotes('{"level":"info","msg":"ready to serve client requests"}')).toEqual([])
  })
})

describe('the range of a prefix', () => {
  const hex = (prefix: string) => Object.values(prefixRange(prefix)).map((bytes) => bytes.toString('hex'))
  it('ends before the next prefix', () => {
    expect(hex('')).toEqual(['00', '00'])
    expect(hex('/a')).toEqual(['2f61', '2f62'])
    expect(hex('a/')).toEqual(['612f', '6130'])
  })
})

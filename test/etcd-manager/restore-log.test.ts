import { describe, expect, it } from 'vitest'
import { readRestoreLine } from '../../src/etcd-manager/restore-log.ts'

const loop = (why: string) =>
  `W1130 10:50:01.123456    4711 controller.go:159] unexpected error running etcd cluster reconciliation loop: ${why}`
const onPeer = (why: string) =>
  loop(`error restoring backup on peer peer{id:"b"}: rpc error: code = Unknown desc = ${why}`)

describe("a line of etcd-manager's log", () => {
  it('says which restore begins', () => {
    const text =
      'I1130 10:50:00.1 1 controller.go:355] got restore-backup command: timestamp:1  restore_backup:{cluster_spec:{member_count:3  etcd_version:"3.5.30"}  backup:"recovered-x"}'
    expect(readRestoreLine(text)).toEqual({ kind: 'begins', backup: 'recovered-x' })
  })

  it.each([
    [
      'a name that does not exist',
      loop('error reading backup info in "x": error reading file "s3://b/x/_etcd_backup.meta": file does not exist'),
    ],
    [
      'an unknown field',
      loop('error reading backup info in "x": error parsing file "s3://b/x": proto: (line 1:2): unknown field "note"'),
    ],
    ['an empty version', loop('etcd version not found in "x"')],
    [
      'a version that is not installed',
      onPeer('unknown etcd version v3.5.30: not found in [/opt/etcd-v3.5.30 /tmp/etcd-v3.5.30]'),
    ],
    ['a cut gzip', onPeer('error expanding snapshot: error expanding file: unexpected EOF')],
    ['bytes after its end', onPeer('error expanding snapshot: error expanding file: gzip: invalid header')],
    [
      'no gzip at all',
      onPeer(
        'error expanding snapshot: error reading gzip "/tmp/r/snapshot.db.gz" (source corrupted?): gzip: invalid header',
      ),
    ],
    ['no hash, or a wrong one', onPeer('etcdctl snapshot restore returned a non-zero exit code')],
    [
      '3.6 before etcdutl',
      onPeer('error running etcdutl snapshot restore: fork/exec /opt/etcd-v3.6.11/etcdutl: no such file or directory'),
    ],
  ])('tells that a restore cannot succeed: %s', (_, text) => {
    expect(readRestoreLine(text)).toMatchObject({ kind: 'refused' })
  })

  it.each([
    [
      'a prepare that has to run out',
      'collision',
      loop(
        'error from JoinClusterRequest (prepare) from peer "b": rpc error: code = Unknown desc = concurrent prepare in progress "tok"',
      ),
    ],
    ['a peer that is restarting', 'trouble', onPeer('connection refused')],
    ['its etcd not up yet', 'trouble', onPeer('etcd not running')],
    ['no healthy peer yet', 'trouble', loop('unable to find peer on which to run restore operation')],
    [
      'a store that does not answer',
      'trouble',
      loop('error reading backup info in "x": error reading file "s3://b/x": connection reset by peer'),
    ],
    ['a node without room', 'trouble', onPeer('error expanding file: write /tmp/r: no space left on device')],
  ])('tells trouble that may pass from that: %s', (_, kind, text) => {
    expect(readRestoreLine(text)).toMatchObject({ kind })
  })

  it('says nothing otherwise, and is cut', () => {
    expect(readRestoreLine('I1130 10:50:01 1 restore.go:1] restored 300 keys')).toBeUndefined()
    expect(readRestoreLine(loop('x'.repeat(5000)))).toMatchObject({ kind: 'trouble', why: 'x'.repeat(300) })
  })
})

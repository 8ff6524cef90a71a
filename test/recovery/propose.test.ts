import { describe, expect, test } from 'vitest'
import { METHODS } from '../../src/recovery/proposal.ts'
import { backup, emptyBackup, lost, propose, running, seeded, trashed, ways } from './support.ts'

const good = backup('2024-03-21T12:45:00Z-000001')

describe('which ways are possible', () => {
  test('all members have their directory: return in place, and the others in their order', () => {
    const { best, proposals, need } = propose([...running, ...trashed, good])
    expect(need).toBe('lost')
    expect(best).toMatchObject({ method: 'return-in-place', possible: true, source: { id: 'a:old', revision: 5001 } })
    expect(proposals.map(({ method }) => method)).toEqual(METHODS)
    expect(proposals.every(({ possible }) => possible)).toBe(true)
  })

  test('two of three are a quorum, also where one is only in data/', () => {
    const stale = lost('b', { place: 'data', path: '/mnt/v/data/old' })
    expect(propose([...running, lost('a'), stale]).best?.method).toBe('return-in-place')
  })

  test('a member that was away and still names its old token is not what runs now', () => {
    const away = lost('c', { place: 'data', path: '/mnt/v/data/old', serving: true })
    const { need, best } = propose([seeded('a'), seeded('b'), away, lost('a'), lost('b')], { live: undefined })
    expect({ need, method: best?.method }).toEqual({ need: 'lost', method: 'return-in-place' })
  })

  test('one of three is too few to return, and names the next way', () => {
    const { proposals, best } = propose([...running, lost('a')])
    expect(proposals[0]).toMatchObject({
      possible: false,
      why: '1 of 3 members has a usable directory (on a), and 2 are needed',
      next: 'seed-in-place',
    })
    expect(best?.method).toBe('seed-in-place')
    expect(best?.lost.join()).toContain("1 of 3 members' logs were found")
  })

  test('the size is what the databases say: three of five, with three nodes configured', () => {
    const five = { members: ['1a', '1b', '1c', '1d', '1e'] }
    // the other two etcd-managers would not be stopped
    expect(ways(['a', 'b', 'c'].map((node) => lost(node, five)))['return-in-place']).toMatch(
      /had 5 members, and the config names only 3 control-plane nodes/,
    )
  })

  test.each([
    [
      'a directory copied by hand to another node',
      lost('b', { memberId: '1a' }),
      /two directories are of the same member/,
    ],
    ['a directory without its log', lost('b', { walIndex: undefined, clusterId: undefined }), /1 of 3 members has/],
    ['one that cannot be read', lost('b', { revision: undefined }), /1 of 3 members has/],
    ["another Kubernetes cluster's", lost('b', { foreign: 'prod.example.com' }), /1 of 3 members has/],
  ])('%s does not count towards the quorum', (_, second, why) => {
    expect(ways([...running, lost('a'), second])['return-in-place']).toMatch(why)
  })

  test('members of one token that disagree on the cluster id are told apart', () => {
    const why = ways([...running, lost('a'), lost('b', { clusterId: 'dd', recordsKept: 10, members: ['9'] })])
    expect(why['return-in-place']).toMatch(/directories of old are of different clusters: cc on a, dd on b/)
  })

  test('only backups are left: the newest that is not of the empty cluster', () => {
    const older = backup('2024-03-21T12:30:00Z-000001')
    const { best } = propose([...running, older, good, emptyBackup('2024-03-21T13:10:00Z-000001')])
    expect(best).toMatchObject({ method: 'restore-backup', source: { backup: good.backup } })
    expect(ways([...running, emptyBackup('2024-03-21T13:10:00Z-000001')])).toEqual({})
  })

  test('a backup that holds more than the only copy on a node is taken before it', () => {
    const lagging = lost('a', { walIndex: 4000, walWrites: 0, revision: 3900 })
    const { best, proposals } = propose([...running, lagging, good])
    expect(best).toMatchObject({ method: 'restore-backup' })
    expect(proposals.find(({ method }) => method === 'seed-in-place')).toMatchObject({
      possible: true,
      why: expect.stringMatching(/^the backup 2024-03-21T12:45.* holds more/),
    })
  })

  test('a copy that cannot be read is none, and is told', () => {
    const { best, need, why } = propose([...running, lost('a', { revision: undefined })])
    expect({ best, need }).toEqual({ best: undefined, need: 'fine' })
    expect(why).toMatch(/1 of 4 copies cannot be read/)
  })
})

describe('what the operator named', () => {
  test('its generation alone counts, and no backup', () => {
    const other = ['a', 'b', 'c'].map((node) =>
      lost(node, {
        id: `${node}:two`,
        token: 'two',
        clusterId: 'dd',
        memberId: `3${node}`,
        members: ['3a', '3b', '3c'],
      }),
    )
    const copies = [...running, ...trashed, ...other, good]
    expect(propose(copies).need).toBe('unclear')
    const { need, best } = propose(copies, { copy: 'b:two' })
    expect({ need, method: best?.method, id: best?.source?.id }).toEqual({
      need: 'lost',
      method: 'return-in-place',
      id: 'b:two',
    })
    expect(ways(copies, { copy: 'b:two' })['restore-backup']).toBe('b:two was named')
  })

  test('a backup is restored as it is, also an older one', () => {
    const older = backup('2024-03-20T12:30:00Z-000001')
    const { best, proposals } = propose([...running, ...trashed, older, good], { backup: older.backup })
    expect(best).toMatchObject({ method: 'restore-backup', source: { backup: older.backup } })
    expect(proposals.filter(({ possible }) => possible)).toHaveLength(1)
  })

  test('what runs now is nothing to recover from', () => {
    expect(Object.values(ways([...running, ...trashed], { copy: 'a:new' }))).not.toContain(true)
  })
})

import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { copyDirOn } from '../../src/node/copy-dir.ts'
import { makeMove } from '../../src/node/moves.ts'
import { proveMoves } from '../../src/node/prove-moves.ts'
import { spotsOn } from '../../src/node/spots.ts'
import { tempDir } from '../steps/support/temp.ts'
import { mountSpace, mountsMissing } from '../support/mount-space.ts'
import { describeOn } from '../support/skip.ts'
import { localHost } from './fake.ts'

const TOKEN = '-token'

it('what cannot be looked at is not missing: nothing is written to its place', async () => {
  const dir = await tempDir()
  const paths = [join(dir, 'none'), join(dir, 'x'.repeat(300)), join(dir, 'none/below')]
  const kinds = (await spotsOn(localHost(), [], paths)).map(({ kind }) => kind)
  expect(kinds).toEqual(['missing', 'other', 'missing'])
})

describeOn(mountsMissing, 'renames where something is mounted', () => {
  let base: string
  let space: Awaited<ReturnType<typeof mountSpace>>
  let host: ReturnType<typeof localHost>
  const at = (...parts: string[]) => join(base, ...parts)
  const sh = (line: string) => space.run('sh', '-ec', line, 'sh', base)

  beforeEach(async () => {
    base = await tempDir()
    space = await mountSpace()
    host = localHost(space.script)
    sh('mkdir -p "$1/data/new" "$1/data-trashcan/-token/member"; echo pages >"$1/data-trashcan/-token/member/db"')
  })

  const move = () => makeMove(host, { from: at('data-trashcan', TOKEN), to: at('data', TOKEN) })
  const isWhole = () => expect(sh(`cat "$1/data-trashcan/${TOKEN}/member/db"; ls "$1/data"`)).toBe('pages\nnew')

  it('from one disk to another is refused, and nothing is copied and deleted', async () => {
    sh('mv "$1/data-trashcan" "$1/old"; mkdir "$1/data-trashcan"; mount -t tmpfs none "$1/data-trashcan"')
    sh('cp -a "$1/old/-token" "$1/data-trashcan/"')
    await expect(move()).rejects.toMatchObject({ code: 'STEP_FAILED', message: /different file systems/ })
    isWhole()
  })

  it('through a link to another disk is refused: what the link says of itself counts for nothing', async () => {
    sh(
      'mkdir "$1/disk"; mount -t tmpfs none "$1/disk"; mv "$1/data-trashcan" "$1/disk/t"; ln -s disk/t "$1/data-trashcan"',
    )
    await expect(move()).rejects.toMatchObject({ code: 'STEP_FAILED', message: /different file systems/ })
    isWhole()
    const out = makeMove(host, { from: at('data/new'), to: at('data-trashcan/new') })
    await expect(out).rejects.toMatchObject({ message: /different file systems/ })
    isWhole()
  })

  it('to a bind mount of the same disk, whose device is the same, is refused', async () => {
    sh(
      'mkdir "$1/elsewhere"; mv "$1/data-trashcan/-token" "$1/elsewhere/"; mount --bind "$1/elsewhere" "$1/data-trashcan"',
    )
    expect(sh('stat -c %d "$1/data" "$1/data-trashcan"').split('\n')).toEqual([
      expect.any(String),
      sh('stat -c %d "$1/data"'),
    ])
    await expect(move()).rejects.toMatchObject({ message: /different file systems/ })
    isWhole()
    await expect(proveMoves(host, base, [{ from: at('data-trashcan'), to: at('data') }])).rejects.toMatchObject({
      code: 'PRECONDITION',
      hint: /rebuild-from-trashcan/,
    })
    expect(sh('ls -A "$1" "$1/data"')).not.toContain('probe')
  })

  it('of a mount point is refused', async () => {
    sh('mount --bind "$1/data-trashcan/-token" "$1/data-trashcan/-token"')
    await expect(move()).rejects.toMatchObject({ message: /a file system is mounted on/ })
    isWhole()
  })

  it('that the file system refuses within one mount ends before a byte is copied, and leaves all as it was', async () => {
    // a directory of an overlay's lower layer: one mount, one device, and EXDEV all the same
    sh('mkdir "$1/o"; mount -t tmpfs none "$1/o"; cd "$1/o"; mkdir l u w m; mv "$1/data" "$1/data-trashcan" l/')
    sh('cd "$1/o"; mount -t overlay none -o lowerdir=l,upperdir=u,workdir=w m')
    const from = at('o/m/data-trashcan', TOKEN)
    const to = at('o/m/data', TOKEN)
    await expect(makeMove(host, { from, to })).rejects.toMatchObject({ message: /different file systems/ })
    expect(sh(`cat "${from}/member/db"; ls "$1/o/m/data"`)).toBe('pages\nnew')
  })

  it('are proven where they go through, and leave nothing behind', async () => {
    await proveMoves(host, base, [
      { from: at('data'), to: at('data-trashcan') },
      { from: at('data-trashcan'), to: at('data') },
    ])
    expect(sh('ls -A "$1" "$1/data"')).not.toContain('probe')
  })

  it('are not proven where nothing can be written', async () => {
    sh('mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"')
    const pairs = [{ from: at('data'), to: at('data-trashcan') }]
    await expect(proveMoves(host, base, pairs)).rejects.toMatchObject({ code: 'DISK_FULL' })
    const [spot] = await spotsOn(host, [], [base])
    expect(spot).toMatchObject({ kind: 'directory', isWritable: false })
  })

  it('are not proven where there is no room for a state', async () => {
    sh('mkdir "$1/full"; mount -t tmpfs -o size=64k none "$1/full"; head -c 60000 /dev/zero >"$1/full/x"')
    await expect(proveMoves(host, at('full'), [])).rejects.toMatchObject({ code: 'DISK_FULL', message: /written in/ })
    expect(sh('ls -A "$1/full"')).toBe('x')
  })
})

describe('a copy of a directory', () => {
  it('of a link is of what it leads to: the original is never the copy', async () => {
    const base = await tempDir()
    const host = localHost()
    const { mkdirSync, symlinkSync, writeFileSync, readFileSync, lstatSync } = await import('node:fs')
    mkdirSync(join(base, 'disk/member'), { recursive: true })
    mkdirSync(join(base, 'wal'))
    writeFileSync(join(base, 'disk/member/db'), 'pages')
    writeFileSync(join(base, 'wal/0.wal'), 'log')
    symlinkSync('../../wal', join(base, 'disk/member/wal'))
    symlinkSync('disk', join(base, TOKEN))
    const to = join(base, 'etcd-rescue/aside', TOKEN)
    await copyDirOn(host, { from: join(base, TOKEN), to }, 'copy')
    for (const path of ['', 'member', 'member/wal', 'member/wal/0.wal'])
      expect(lstatSync(join(to, path)).isSymbolicLink()).toBe(false)
    writeFileSync(join(base, 'disk/member/db'), 'etcd writes here')
    writeFileSync(join(base, 'wal/0.wal'), 'and here')
    expect(readFileSync(join(to, 'member/db'), 'utf8') + readFileSync(join(to, 'member/wal/0.wal'), 'utf8')).toBe(
      'pageslog',
    )
  })
})

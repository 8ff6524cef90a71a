import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { changeState } from '../../src/etcd-manager/state-write.ts'
import { mountSpace, mountsMissing } from '../support/mount-space.ts'
import { describeOn } from '../support/skip.ts'
import { placementOf, TOKEN, threeNodes } from './support/in-place.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'

type Scene = Awaited<ReturnType<typeof scene>>
const POD = 'etcd-manager-main'

/** Three nodes; node b is spoiled by shell lines that run, and are seen, in a mount namespace of this test. */
async function scene(...spoil: string[]) {
  const space = await mountSpace()
  const made = await threeNodes({ script: space.script, slowKubelet: true })
  for (const { base, name } of made.seats) {
    for (const dir of [`data/new`, `data-trashcan/${TOKEN}`]) {
      mkdirSync(join(base, dir, 'member/snap'), { recursive: true })
      writeFileSync(join(base, dir, 'member/snap/db'), `${dir} of ${name}`)
    }
    const nodes = placementOf(made.seats).members
    writeFileSync(join(base, 'state'), changeState(Buffer.alloc(0), { token: 'new', etcdVersion: '3.5.30', nodes }))
  }
  for (const line of spoil) space.run('sh', '-ec', `cd "$1"; ${line}`, 'sh', made.baseOf('b'))
  return { ...made, sh: (line: string) => space.run('sh', '-ec', `cd "$1"; ${line}`, 'sh', made.baseOf('b')) }
}

const optionsOf = ({ controlPlane, store, target, prompter, seats }: Scene) => ({
  facts: {
    ...{ placement: placementOf(seats), saved: {} },
    ...{ stopped: { nodes: ['a', 'b', 'c'], at: 0 }, swapped: { nodes: ['a', 'b', 'c'], at: 0 } },
  },
  world: { controlPlane, store, target, prompter },
})

describeOn(mountsMissing, 'before anything stops', () => {
  test.each([
    [
      'the trashcan is another disk',
      ['mkdir d; mount -t tmpfs none d; cp -a data-trashcan/. d/; mount --move d data-trashcan'],
      /no rename leads from .*different file systems/,
    ],
    [
      'the trashcan is a bind mount of the same disk',
      ['mv data-trashcan t; mkdir data-trashcan; mount --bind t data-trashcan'],
      /no rename leads from .*bind mounts/,
    ],
    [
      'the trashcan is a link to another disk',
      ['mkdir d; mount -t tmpfs none d; mv data-trashcan d/t; ln -s d/t data-trashcan'],
      /no rename leads from/,
    ],
    [
      'the directory is a link',
      [`mkdir d; mv data-trashcan/${TOKEN} d/x; ln -s ../d/x data-trashcan/${TOKEN}`],
      /is a symbolic link: a rename would move the link/,
    ],
    [
      'its log is a link',
      [`mkdir d; ln -s ../../../d data-trashcan/${TOKEN}/member/wal`],
      /member\/wal is a symbolic link: etcd would write to where it leads/,
    ],
    [
      'the directory is mounted',
      [`mount --bind data-trashcan/${TOKEN} data-trashcan/${TOKEN}`],
      /file system is mounted on/,
    ],
    ['the volume is read-only', ['mount --bind . .; mount -o remount,ro,bind "$1"'], /cannot be written to: read-only/],
    ['data is read-only', ['mount --bind data data; mount -o remount,ro,bind data'], /data cannot be written to/],
    ['state is mounted', ['mount --bind state state'], /state is mounted there/],
    ['state is a directory', ['rm state; mkdir state'], /state is no file/],
    ['data is a file', ['mv data x; touch data'], /data is no directory/],
  ])('%s: it is found out, and nothing is stopped', async (_, spoil, message) => {
    const made = await scene(...spoil)
    const done = runStep('stop-etcd-manager', optionsOf(made))
    await expect(done).rejects.toMatchObject({ code: 'PRECONDITION', message, hint: /--set without=b/ })
    expect(made.inPlace(POD)).toEqual(['a', 'b', 'c'])
    expect(made.log).toEqual([])
    expect(made.controlPlane.flatMap(({ calls }) => calls).filter(({ effect }) => effect === 'change')).toEqual([])
  })

  test('no room for a new state is found out, too', async () => {
    const made = await scene(
      'mkdir d; mount -t tmpfs -o size=1m none d; cp -a data data-trashcan state d/; mount --move d "$1"',
    )
    await expect(runStep('stop-etcd-manager', optionsOf(made))).rejects.toMatchObject({
      code: 'DISK_FULL',
      hint: /nothing was stopped/,
    })
  })
})

describeOn(mountsMissing, 'what can be put in place all the same', () => {
  const both = async (made: Scene) => {
    const journal = ['stop-etcd-manager', 'swap-directories', 'write-state'].map((id) => [id, new Map()] as const)
    for (const [id, remembered] of journal) await runStep(id, { ...optionsOf(made), remembered })
    const result = made.sh('cat data/*/member/snap/db; ls data')
    for (const [id, remembered] of journal.slice(1).reverse()) {
      const { context } = contextOf(id, { ...optionsOf(made), remembered })
      await stepOf(id).undo?.(context as never, undefined)
    }
    return result
  }

  test('a volume that is a link, a trashcan that is a link on the same disk, a state that is a link', async () => {
    const made = await scene(
      'mkdir d; mv data-trashcan d/t; ln -s d/t data-trashcan; mv state d/state; ln -s d/state state',
      'mv "$1" "$1-real"; ln -s "$1-real" "$1"',
    )
    const state = readFileSync(join(made.baseOf('b'), 'd/state'))
    expect(await both(made)).toBe(`data-trashcan/${TOKEN} of etcd-b${TOKEN}`)
    expect(made.sh(`cat data/new/member/snap/db data-trashcan/${TOKEN}/member/snap/db`)).toContain('data/new of etcd-b')
    expect(readFileSync(join(made.baseOf('b'), 'd/state'))).toEqual(state)
    expect(readFileSync(join(made.baseOf('b'), 'state'))).toEqual(state)
  })

  test('a directory that is in data/ already, with a trashcan on another disk: nothing has to move', async () => {
    const made = await scene(
      `mv data-trashcan/${TOKEN} data/; mount -t tmpfs none data-trashcan; ln -s ../x data/odd; mkdir data/m; mount -t tmpfs none data/m`,
    )
    const seats = made.seats.map((seat) =>
      seat.node === 'b' ? { ...seat, source: `${seat.base}/data/${TOKEN}` } : seat,
    )
    await both({ ...made, seats })
    expect(made.sh('ls data').split('\n').sort()).toEqual([TOKEN, 'm', 'new', 'odd'].sort())
  })

  test('without a trashcan, one is made', async () => {
    const made = await scene(`mv data-trashcan/${TOKEN} data/; rmdir data-trashcan`)
    const seats = made.seats.map((seat) =>
      seat.node === 'b' ? { ...seat, source: `${seat.base}/data/${TOKEN}` } : seat,
    )
    expect(await both({ ...made, seats })).toContain(TOKEN)
  })
})

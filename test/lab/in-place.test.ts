import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backupNames } from '../../src/lab/control-files.ts'
import { listMembers, removeMember } from '../../src/lab/etcd/kv.ts'
import { encodeState, readState } from '../../src/lab/etcd-manager/state.ts'
import { type Incident, incident, type Lab, type LabNode, survey } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { waitFor } from '../../src/lab/wait.ts'
import { logged, logsOf, nodeOf, release, smallLab, without } from './support/lab.ts'

const data = { keys: 300, sizeBytes: 200_000, seed: 3 }
const NODES = ['a', 'b', 'c']
const MANAGER = 'etcd-manager-main'

/** FACTS 5 by hand, with renames and a state file: what the runbooks do must work on the double as on the real one. */
describe.skipIf(release === undefined)(
  `data put back in place under the double (${release?.version ?? without})`,
  () => {
    it('is served as it was: members, revision, leases, the last writes; and again after a restart', async () => {
      const lab = await smallLab()
      try {
        const before = await incident(lab, data)
        for (const name of NODES) await lab.stopPod(name, MANAGER)
        for (const name of NODES) await putBack(nodeOf(lab, name), before)
        for (const name of NODES) await lab.startPod(name, MANAGER)
        await lab.ready()
        const backups = (await backupNames(lab)).length
        await expectAll(lab, before)
        expect((await survey(lab, before)).memberIds).toEqual(before.memberIds)
        await waitFor('backups resume', 20_000, async () =>
          (await backupNames(lab)).length > backups ? true : undefined,
        )
        for (const name of NODES) await lab.stopPod(name, MANAGER)
        for (const name of NODES) await lab.startPod(name, MANAGER)
        await lab.ready()
        await expectAll(lab, before)
      } finally {
        await lab.close()
      }
    }, 240_000)

    it('takes in a member on an empty disk after its deadline, and one on a disk with a trashcan never by itself', async () => {
      const lab = await smallLab()
      try {
        const before = await incident(lab, data, { lostNodes: 1 })
        expect(before.trashed.c).toEqual([])
        for (const name of NODES) await lab.stopPod(name, MANAGER)
        for (const name of ['a', 'b']) await putBack(nodeOf(lab, name), before)
        await trashAll(nodeOf(lab, 'c'))
        for (const name of NODES) await lab.startPod(name, MANAGER)
        await waitFor('a serves', 30_000, () => survey(lab, before))
        await expectAll(lab, before)
        await logged(lab, 'we already have a slot where we could add another member', 5)
        expect(await names(lab)).toHaveLength(3)

        await lab.stopPod('c', MANAGER)
        await rm(join(volumeOf(nodeOf(lab, 'c')), 'data-trashcan'), { recursive: true })
        await lab.startPod('c', MANAGER)
        await logged(lab, 'removing stale etcd member for empty disk replacement: etcd-c')
        await lab.ready()
        await expectAll(lab, before)
      } finally {
        await lab.close()
      }
    }, 240_000)

    it('an etcd-manager of before takes it in when the dead member was removed by hand, trashcan or not', async () => {
      const lab = await smallLab({ replacesEmptyDisks: false })
      try {
        await lab.ready()
        await lab.stopPod('c', MANAGER)
        await trashAll(nodeOf(lab, 'c'))
        await lab.startPod('c', MANAGER)
        await logged(lab, 'we already have a slot where we could add another member', 20)
        const gateway = lab.etcd()
        const dead = (await listMembers(gateway)).find(({ name }) => name === 'etcd-c')
        await removeMember(gateway, dead?.ID ?? '')
        gateway.close()
        await lab.ready()
        expect(logsOf(lab)).toContain('will try to start etcd on new peer: etcd-c')
      } finally {
        await lab.close()
      }
    }, 240_000)

    it('two disks may be lost, and the empty cluster has three members all the same', async () => {
      const lab = await smallLab()
      try {
        const { trashed } = await incident(lab, data, { lostNodes: 2 })
        expect([trashed.a?.length, trashed.b, trashed.c]).toEqual([1, [], []])
        expect(await names(lab)).toEqual(['etcd-a', 'etcd-b', 'etcd-c'])
        for (const name of NODES) {
          const token = (await readState(volumeOf(nodeOf(lab, name))))?.token ?? ''
          expect(await readdir(join(volumeOf(nodeOf(lab, name)), 'data'))).toEqual([token])
        }
      } finally {
        await lab.close()
      }
    }, 240_000)
  },
)

const volumeOf = (node: LabNode): string => pathsOf(node).mainVolume

/** What is served goes to the trashcan, what was trashed comes back, and `state` names it. */
async function putBack(node: LabNode, { trashed }: Incident): Promise<void> {
  const volume = volumeOf(node)
  const [token = ''] = trashed[node.name] ?? []
  const state = await readState(volume)
  if (state === undefined) throw new Error(`no state on ${node.name}`)
  await rename(join(volume, 'data', state.token), join(volume, 'data-trashcan', state.token))
  await rename(join(volume, 'data-trashcan', token), join(volume, 'data', token))
  await writeFile(join(volume, 'state'), encodeState({ ...state, token }))
}

async function trashAll(node: LabNode): Promise<void> {
  const volume = volumeOf(node)
  await mkdir(join(volume, 'data-trashcan'), { recursive: true })
  for (const token of await readdir(join(volume, 'data')))
    await rename(join(volume, 'data', token), join(volume, 'data-trashcan', token))
  await rename(join(volume, 'state'), join(volume, 'state.before'))
}

async function expectAll(lab: Lab, before: Incident): Promise<void> {
  const now = await survey(lab, before)
  expect(now).toMatchObject({ ...before.expected, clusterId: before.clusterId, writesLost: 0 })
  expect(now.leasesKept).toBe(before.leases.length)
  expect(now.revision).toBeGreaterThanOrEqual(before.revision)
}

async function names(lab: Lab): Promise<(string | undefined)[]> {
  const gateway = lab.etcd()
  return (await listMembers(gateway).finally(gateway.close)).map(({ name }) => name).sort()
}

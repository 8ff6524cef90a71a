import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { offerFence } from '../../src/app/recovery/fence-offer.ts'
import { transferRate } from '../../src/app/recovery/rate.ts'
import type { Proposal } from '../../src/recovery/proposal.ts'
import { localHost } from '../node/fake.ts'
import { lost } from '../recovery/support.ts'
import { memberDir, putPods } from '../steps/support/member-dir.ts'
import { sessionIn } from './support.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-offer-'))
  await memberDir(join(dir, 'copy'), async (member) => {
    await putPods(member, 0, 30)
    for (const node of ['a', 'b']) await member.client.put(`/registry/minions/${node}`, 'x'.repeat(200_000))
    await member.client.put('/registry/namespaces/default', 'x')
  })
}, 60_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

const best = (id: string): Proposal => ({
  ...{ etcdCluster: 'main', method: 'return-in-place', possible: true, comesBack: '', lost: [], touches: [] },
  ...{ seconds: 1, outageSeconds: 1, source: { id, node: 'a', records: 34 } },
})
const served = { keys: 6, clusterId: 'ff', members: [], revision: 7, kinds: { nodes: 0, pods: 2, namespaces: 4 } }

test('the fence is offered with what is served now, against what the copy holds, and why that matters', async () => {
  const prompter = memoryPrompter({ confirm: true })
  expect(await offerFence(sessionIn(dir), prompter, { served, best: best(join(dir, 'copy')) })).toBe(true)
  expect(prompter.questions.join()).toMatch(
    /serve 0 nodes, 2 pods and 4 namespaces, where .*copy holds 2 nodes, 30 pods and 1 namespace\. .*delete what really runs \(kubernetes\/kubernetes 38918\)/,
  )
})

test('when nothing is served there is nothing to fence', async () => {
  expect(await offerFence(sessionIn(dir), memoryPrompter(), { served: undefined, best: best('x') })).toBe(false)
})

test('the rate of a node is measured by one read, and not at all on a file that is too small', async () => {
  const { signal } = new AbortController()
  const copy = lost('a', { path: join(dir, 'copy'), sizeBytes: 10e6 })
  expect(await transferRate([localHost()], { ...copy, sizeBytes: 1000 }, signal)).toBeUndefined()
  expect(await transferRate([localHost()], { ...copy, node: 'z' }, signal)).toBeUndefined()
  await writeFile(join(dir, 'copy/member/snap/db'), Buffer.alloc(6 << 20))
  // on a busy machine the short read may take longer than the long one: then nothing is known
  let rate: number | undefined
  for (let tries = 0; rate === undefined && tries < 10; tries++) rate = await transferRate([localHost()], copy, signal)
  expect(rate).toBeGreaterThan(1e5)
})

import { expect, test } from 'vitest'
import { memoryHost } from '../../src/adapters/memory/host.ts'
import { statMember } from '../../src/node/files.ts'

const base = '/mnt/v/data-trashcan/t'
const answering = (line: string) => memoryHost({ name: 'a', script: () => ({ stdout: `${line}\0\x000\0\0` }) })

test('a file below the directory is one', async () => {
  expect(await statMember(answering(`f\t12\t1.5\t1.5\t8:1\t${base}/member/snap/db`), base)).toEqual([
    { path: 'member/snap/db', bytes: 12, modifiedAt: 1500 },
  ])
})

// what a node calls its files decides where fetch-member writes on the operator's machine
test.each([
  ['upwards', `f\t1\t1\t1\t8:1\t${base}/member/../../../../../../root/.ssh/authorized_keys`],
  ['elsewhere', 'f\t1\t1\t1\t8:1\t/root/.ssh/authorized_keys'],
  ['beside', `f\t1\t1\t1\t8:1\t${base}/member-of-others/x`],
  ['a negative size', `f\t-1\t1\t1\t8:1\t${base}/member/snap/db`],
  ['half a byte', `f\t0.5\t1\t1\t8:1\t${base}/member/snap/db`],
])('a node that answers %s is not believed', async (_, line) => {
  await expect(statMember(answering(line), base)).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
})

import { describe, expect, test } from 'vitest'
import { isPlausible, passingOf } from '../../src/kube/index.ts'
import { nodeValue } from '../../src/lab/kube-kinds.ts'
import { kubeValue, message, text } from '../../src/lab/kube-value.ts'

const address = '10.0.0.1'
const node = (name: string, uid = 'u1', at = address) => nodeValue(name, { address: at, isControlPlane: false, uid })
const pod = (uid: string, name = 'p') =>
  kubeValue({ apiVersion: 'v1', kind: 'Pod', name, namespace: 'ns', uid, createdAt: 1_700_000_000 })

interface Held {
  by: string
  acquired: number
  renewed: number
  seconds?: number
}
const lease = ({ by, acquired, renewed, seconds = 15 }: Held) =>
  kubeValue({
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'l', namespace: 'ns', uid: 'u' },
    createdAt: 1_700_000_000,
    content: (writer) => {
      message(writer, 2, () => {
        text(writer, 1, by)
          .uint32(2 << 3)
          .int32(seconds)
        message(writer, 3, () => writer.uint32(1 << 3).int64(acquired))
        message(writer, 4, () => writer.uint32(1 << 3).int64(renewed))
      })
    },
  })
const held = { by: 'a', acquired: 100, renewed: 200 }
const encrypted = Buffer.from('k8s:enc:aescbc:v1:key1:xxxx')

describe('what a running cluster can have made of an object', () => {
  test.each([
    ['a Node with another status', node('n'), node('n', 'u1', '10.0.0.9'), true],
    ['a Node that is garbage', node('n'), Buffer.from('garbage'), false],
    ['a Node that is another', node('n'), node('m'), false],
    ['a Node under another uid', node('n'), node('n', 'u2'), false],
    ['a Pod in the place of a Node', node('n'), pod('u1', 'n'), false],
    ['a Lease that was renewed', lease(held), lease({ ...held, renewed: 300 }), true],
    ['a Lease that another has taken', lease(held), lease({ by: 'b', acquired: 300, renewed: 300 }), true],
    ['a Lease with another holder, never acquired', lease(held), lease({ ...held, by: 'b' }), false],
    ['a Lease of another length', lease(held), lease({ ...held, seconds: 1 }), false],
    ['an empty value', pod('u'), Buffer.alloc(0), false],
    ['what is encrypted now', pod('u'), encrypted, true],
    ['what was encrypted, and is garbage now', encrypted, Buffer.from('garbage'), false],
    ['what was no object of Kubernetes', Buffer.from('1'), Buffer.from('2'), true],
  ])('%s: plausible %4$s', (_, before, now, isIt) => {
    expect(isPlausible(before, now)).toBe(isIt)
  })

  test('what was deleted and made again has another uid, and nothing else of another', () => {
    expect(isPlausible(pod('u'), pod('v'), { isNew: true })).toBe(true)
    expect(isPlausible(pod('u'), pod('v', 'q'), { isNew: true })).toBe(false)
  })
})

test.each([
  ['/registry/masterleases/10.0.0.1', 15],
  ['/registry/peerserverip/a', 15],
  ['/registry/events/default/e', 3600],
  ['/registry/leases/kube-system/apiserver-x7', undefined],
])('%s goes by itself after %s s', (key, seconds) => {
  expect(passingOf(Buffer.from(key))?.leaseSeconds).toBe(seconds)
  expect(passingOf(Buffer.from(key))?.why).toBeDefined()
})

test.each(['/registry/minions/a', '/registry/leases/default/mine', '/registry/leases/kube-node-lease/n', '/x'])(
  '%s does not',
  (key) => expect(passingOf(Buffer.from(key))).toBeUndefined(),
)

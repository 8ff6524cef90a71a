import { describe, expect, test } from 'vitest'
import { applicable, decodeObject, decodeWhole, nodeOf } from '../../src/kube/index.ts'
import { nodeValue } from '../../src/lab/kube-kinds.ts'
import { bytesMap, kubeValue, message, text } from '../../src/lab/kube-value.ts'
import { randomSource } from '../bolt/support.ts'

const secret = kubeValue({
  ...{ apiVersion: 'v1', kind: 'Secret', name: 's', namespace: 'ns', uid: 'u', createdAt: 1_700_000_000 },
  labels: { app: 'x', __proto__2: 'y', constructor: 'z' },
  annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' },
  owner: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'o' },
  content: (writer) => {
    bytesMap(writer, 2, { empty: Buffer.alloc(0), key: Buffer.from([0, 255]) })
    text(writer, 3, 'Opaque')
  },
})

describe('protobuf', () => {
  test('identity, labels and owner of any kind', () => {
    expect(decodeObject(secret)).toEqual({
      ...{ encoding: 'protobuf', apiVersion: 'v1', kind: 'Secret', namespace: 'ns', name: 's', uid: 'u' },
      createdAt: '2023-11-14T22:13:20Z',
      labels: { app: 'x', __proto__2: 'y', constructor: 'z' },
      owner: { kind: 'Deployment', name: 'd', uid: 'o' },
    })
  })

  test('a Secret whole, and what kubectl apply takes of it', () => {
    const whole = decodeWhole(secret)
    expect(whole?.unknownFields).toBe(0)
    if (!whole) throw new Error('not decoded')
    expect(applicable(whole)).toEqual({
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { empty: '', key: 'AP8=' } },
      metadata: {
        ...{ name: 's', namespace: 'ns', labels: { app: 'x', __proto__2: 'y', constructor: 'z' } },
        annotations: { kept: 'yes' },
      },
    })
  })

  test('a field of a newer Kubernetes is counted, not lost without a word', () => {
    const newer = kubeValue({
      ...{ apiVersion: 'v1', kind: 'Secret', name: 's', namespace: 'ns', uid: 'u', createdAt: 1 },
      content: (writer) => text(writer, 99, 'new'),
    })
    expect(decodeWhole(newer)?.unknownFields).toBe(1)
  })

  test("another group's kind of the same name is not taken for Kubernetes' own", () => {
    const other = { kind: 'Service', name: 's', uid: 'u', createdAt: 1 }
    expect(decodeWhole(kubeValue({ ...other, apiVersion: 'serving.example.com/v1' }))).toBeUndefined()
    expect(decodeWhole(kubeValue({ ...other, apiVersion: 'v1' }))).toBeDefined()
  })
})

describe('a node', () => {
  test('name, role and addresses, as protobuf and as JSON', () => {
    expect(nodeOf(nodeValue('cp', { address: '10.0.0.1', isControlPlane: true, uid: 'u' }))).toMatchObject({
      ...{ name: 'cp', role: 'control-plane', internalIp: '10.0.0.1', hostname: 'cp', kubeletVersion: 'v1.31.4' },
      providerId: 'drill:///cp',
    })
    const json = {
      ...{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'w', labels: { 'kubernetes.io/role': 'node' } } },
      status: { addresses: [{ type: 'ExternalIP', address: '192.0.2.1' }, 'odd', null] },
    }
    expect(nodeOf(Buffer.from(JSON.stringify(json)))).toEqual({ name: 'w', role: 'worker', externalIp: '192.0.2.1' })
  })

  test.each([
    [{ 'node-role.kubernetes.io/api-server': '' }, 'api-server'],
    [{ 'kubernetes.io/role': 'api-server' }, 'api-server'],
    [{ 'kubernetes.io/role': 'master' }, 'control-plane'],
    [{ 'node-role.kubernetes.io/node': '', 'kubernetes.io/role': 'node' }, 'worker'],
    [{ 'node-role.kubernetes.io/control-plane': '', 'node-role.kubernetes.io/api-server': '' }, 'control-plane'],
  ])('its role by the labels %j', (labels, role) => {
    const json = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels } }
    expect(nodeOf(Buffer.from(JSON.stringify(json)))?.role).toBe(role)
  })

  test('is none of another kind', () => {
    expect(nodeOf(secret)).toBeUndefined()
  })
})

describe('encrypted at rest', () => {
  test.each([
    ['k8s:enc:aescbc:v1:key1:…', { provider: 'aescbc', keyName: 'key1' }],
    ['k8s:enc:secretbox:v1:2024-03:…', { provider: 'secretbox', keyName: '2024-03' }],
    ['k8s:enc:kms:v2:my-kms:…', { provider: 'kms', keyName: 'my-kms' }],
  ])('%s', (value, encryption) => {
    expect(decodeObject(Buffer.from(value))).toEqual({ encoding: 'encrypted', encryption, labels: {} })
    expect(decodeWhole(Buffer.from(value))).toBeUndefined()
    expect(nodeOf(Buffer.from(value))).toBeUndefined()
  })
})

describe('hostile bytes', () => {
  test('JSON that is no object, too deep, or means to be clever', () => {
    const deep = Buffer.from(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`)
    for (const value of [deep, Buffer.from('{'), Buffer.from('{"metadata":7,"kind":{}}'), Buffer.alloc(0)])
      expect(() => [decodeObject(value), decodeWhole(value), nodeOf(value)]).not.toThrow()
    expect(decodeObject(deep).encoding).toBe('unknown')
    const clever = decodeObject(Buffer.from('{"kind":"X","metadata":{"name":"n","labels":{"__proto__":"x","a":1}}}'))
    expect(clever.name).toBe('n')
    expect(Object.getPrototypeOf(clever.labels)).toBe(Object.prototype)
  })

  test('protobuf nested too deep, or a length beyond the end', () => {
    const nested = kubeValue({
      ...{ apiVersion: 'v1', kind: 'Role', name: 'r', uid: 'u', createdAt: 1 },
      content: function nest(writer, left = 200): void {
        if (left > 0) message(writer, 3, () => nest(writer, left - 1))
      } as (writer: Parameters<typeof message>[0]) => void,
    })
    for (const value of [nested, Buffer.from('k8s\0\x12\xff\xff\xff\xff\x7f', 'latin1')])
      expect(() => [decodeObject(value), decodeWhole(value), nodeOf(value)]).not.toThrow()
  })

  test('20,000 mutants of real values: never a throw, never a hang', () => {
    const random = randomSource(7)
    const seeds = [secret, nodeValue('n', { address: '10.0.0.1', isControlPlane: false, uid: 'u' })]
    const begun = performance.now()
    for (let round = 0; round < 20_000; round++) {
      const value = Buffer.from(seeds[round % 2] as Buffer)
      for (let hits = random(4); hits >= 0; hits--) value.writeUInt8(random(256), 4 + random(value.length - 4))
      const cut = round % 5 === 0 ? value.subarray(0, random(value.length)) : value
      decodeObject(cut)
      const whole = decodeWhole(cut)
      if (whole) applicable(whole)
      nodeOf(cut)
    }
    expect(performance.now() - begun).toBeLessThan(30_000)
  })
})

import { createHash } from 'node:crypto'
import type { Pair } from './etcd/kv.ts'
import { nodeValue, podValue } from './kube-kinds.ts'
import { bytesMap, kubeValue, text } from './kube-value.ts'
import type { LabNode } from './layout.ts'
import { WORKLOADS, workloadsOf } from './workloads.ts'

/** Of an API server that is long gone: after a restore it would never expire (FACTS 4), so a recovery removes it. */
const staleMasterlease: Pair = {
  key: Buffer.from('/registry/masterleases/192.0.2.99'),
  value: Buffer.from('k8s\0Endpoints 192.0.2.99'),
}

/** What an incident is about besides numbers: objects that operators look for by name. */
export function landmarks(nodes: readonly LabNode[]): Pair[] {
  const pods = nodes.flatMap((node) => workloadsOf(node).map((name) => podOf(name, node)))
  return [staleMasterlease, sealedSecretsKey(), sealedSecret(), encrypted(), ...nodes.map(nodeOf), ...pods]
}

/** Without it no SealedSecret of the cluster can ever be read again. The key is a fixed one, of no use to anybody. */
function sealedSecretsKey(): Pair {
  const name = 'sealed-secrets-keydrill'
  const value = kubeValue({
    ...{ apiVersion: 'v1', kind: 'Secret', name, namespace: 'kube-system', uid: uidOf(name), createdAt: 1_690_000_000 },
    labels: { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' },
    content: (writer) => {
      bytesMap(writer, 2, { 'tls.crt': bytesOf('certificate'), 'tls.key': bytesOf('key') })
      text(writer, 3, 'kubernetes.io/tls')
    },
  })
  return { key: Buffer.from(`/registry/secrets/kube-system/${name}`), value }
}

/** Custom resources are kept as JSON. */
function sealedSecret(): Pair {
  const [namespace, name] = ['production', 'database']
  const metadata = { name, namespace, uid: uidOf(name), creationTimestamp: '2023-07-22T04:26:40Z', generation: 1 }
  const spec = { encryptedData: { password: bytesOf('sealed').toString('base64') } }
  const object = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata, spec }
  return {
    key: Buffer.from(`/registry/bitnami.com/sealedsecrets/${namespace}/${name}`),
    value: Buffer.from(JSON.stringify(object)),
  }
}

/** Encrypted at rest by an API server that was given a key. */
function encrypted(): Pair {
  const value = Buffer.concat([Buffer.from('k8s:enc:aescbc:v1:key1:'), bytesOf('encrypted')])
  return { key: Buffer.from('/registry/secrets/production/encrypted-at-rest'), value }
}

function nodeOf({ name, address, role }: LabNode): Pair {
  const value = nodeValue(name, { address, isControlPlane: role === 'control-plane', uid: uidOf(name) })
  return { key: Buffer.from(`/registry/minions/${name}`), value }
}

function podOf(name: string, node: LabNode): Pair {
  const value = podValue(name, { namespace: WORKLOADS, node: node.name, uid: uidOf(name) })
  return { key: Buffer.from(`/registry/pods/${WORKLOADS}/${name}`), value }
}

const bytesOf = (seed: string) => createHash('sha512').update(seed).digest()

function uidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

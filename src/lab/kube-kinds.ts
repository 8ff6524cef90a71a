import type protobuf from 'protobufjs/minimal.js'
import { bytesMap, kubeValue, message, type Objekt, text, textMap } from './kube-value.ts'

interface Made {
  name: string
  namespace?: string | undefined
  uid: string
  createdAt: number
  /** What makes it as large as it is to be. */
  filling: string
}

type Writer = protobuf.Writer

const controlled = (kind: string, { name, uid }: Made) => ({
  owner: { apiVersion: 'apps/v1', kind, name: name.replace(/-[^-]*$/, ''), uid: uid.replace(/^./, 'f') },
})

const noted = ({ filling }: Made) => ({ annotations: { 'drill.example.com/filling': filling } })

/** The parts of each kind that somebody looks at, and a filling. By the folder of the registry. */
const kinds: Readonly<Record<string, (made: Made) => Pick<Objekt, 'apiVersion' | 'kind'> & Partial<Objekt>>> = {
  pods: (made) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    labels: { app: made.name.slice(0, 8) },
    ...noted(made),
    ...controlled('ReplicaSet', made),
    content: (writer: Writer) => {
      message(writer, 2, () => text(writer, 10, `node-${made.name.length % 7}`))
      message(writer, 3, () => text(writer, 1, 'Running'))
    },
  }),
  configmaps: (made) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    content: (writer: Writer) => textMap(writer, 2, { 'config.json': made.filling }),
  }),
  secrets: (made) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    content: (writer: Writer) => {
      bytesMap(writer, 2, { password: Buffer.from(made.filling) })
      text(writer, 3, 'Opaque')
    },
  }),
  replicasets: (made) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    ...noted(made),
    ...controlled('Deployment', made),
  }),
  'services/specs': (made) => ({
    apiVersion: 'v1',
    kind: 'Service',
    ...noted(made),
    content: (writer: Writer) => message(writer, 2, () => text(text(writer, 3, '10.96.0.7'), 4, 'ClusterIP')),
  }),
  events: (made) => ({ apiVersion: 'v1', kind: 'Event', ...noted(made) }),
  persistentvolumes: (made) => ({ apiVersion: 'v1', kind: 'PersistentVolume', ...noted(made) }),
  clusterroles: (made) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', ...noted(made) }),
}

/** A value of the registry folder `path`, with what the API server would write, and a filling. */
export function objectLike(path: string, made: Made): Buffer {
  const kind = kinds[path]
  if (!kind) throw new Error(`no kind of ${path}`)
  const { name, namespace, uid, createdAt } = made
  return kubeValue({ name, namespace, uid, createdAt, ...kind(made) })
}

/** A node of the sandbox, as its kubelet would have registered it. */
export function nodeValue(
  name: string,
  { address, isControlPlane, uid }: { address: string; isControlPlane: boolean; uid: string },
): Buffer {
  const role = isControlPlane ? 'control-plane' : 'node'
  return kubeValue({
    ...{ apiVersion: 'v1', kind: 'Node', name, uid, createdAt: 1_700_000_000 },
    labels: { [`node-role.kubernetes.io/${role}`]: '', 'kubernetes.io/hostname': name },
    content: (writer) => {
      message(writer, 2, () => text(writer, 3, `drill:///${name}`))
      message(writer, 3, () => {
        message(writer, 5, () => text(text(writer, 1, 'InternalIP'), 2, address))
        message(writer, 5, () => text(text(writer, 1, 'Hostname'), 2, name))
        message(writer, 7, () => text(writer, 7, 'v1.31.4'))
      })
    },
  })
}

/** A running pod that is assigned to a node. */
export function podValue(name: string, { namespace, node, uid }: { namespace: string; node: string; uid: string }) {
  return kubeValue({
    ...{ apiVersion: 'v1', kind: 'Pod', name, namespace, uid, createdAt: 1_700_000_000 },
    labels: { app: 'web' },
    content: (writer) => {
      message(writer, 2, () => text(writer, 10, node))
      message(writer, 3, () => text(writer, 1, 'Running'))
    },
  })
}

import { join } from 'node:path'
import { putFile } from '../files.ts'
import { type LabNode, pathsOf } from '../layout.ts'
import { type Authority, type KeyPair, newAuthority } from '../pki.ts'

export interface ClusterPki {
  clients: Authority
  peers: Authority
  manager: Authority
  kubernetes: Authority
  /** For the sandbox itself to talk to etcd. */
  admin: KeyPair
  /** For kubelets to talk to API servers. */
  kubelet: KeyPair
}

export async function newClusterPki(): Promise<ClusterPki> {
  const clients = await newAuthority('etcd-clients-ca')
  const kubernetes = await newAuthority('kubernetes-ca')
  const [peers, manager, admin, kubelet] = await Promise.all([
    newAuthority('etcd-peers-ca'),
    newAuthority('etcd-manager-ca'),
    clients.issue('sandbox', ['localhost']),
    kubernetes.issue('system:node', ['localhost']),
  ])
  return { clients, peers, manager, kubernetes, admin, kubelet }
}

/** Certificates on a control-plane node: etcd-manager's, and the API server's for reading etcd and for serving (FACTS 6). */
export async function writeNodePki(node: LabNode, pki: ClusterPki): Promise<void> {
  const { etcdPki, clientPki } = pathsOf(node)
  const names = [node.address, '127.0.0.1', 'localhost', `etcd-${node.name}`]
  const [server, peer, client, apiserver, api] = await Promise.all([
    pki.clients.issue(`etcd-${node.name}`, names),
    pki.peers.issue(`etcd-${node.name}`, names),
    pki.clients.issue(`etcd-manager-etcd-${node.name}`, names),
    pki.clients.issue('kube-apiserver', names),
    pki.kubernetes.issue('kubernetes', names),
  ])
  const pair = (name: string, { cert, key }: KeyPair) => [
    [join(etcdPki, `${name}.crt`), cert],
    [join(etcdPki, `${name}.key`), key],
  ]
  const files = [
    ...pair('etcd-clients-ca', pki.clients),
    ...pair('etcd-peers-ca', pki.peers),
    ...pair('etcd-manager-ca', pki.manager),
    ...pair('server', server),
    ...pair('peer', peer),
    ...pair('client', client),
    [join(etcdPki, 'clients-ca.crt'), pki.clients.cert],
    [join(etcdPki, 'peers-ca.crt'), pki.peers.cert],
    [join(clientPki, 'etcd-ca.crt'), pki.clients.cert],
    [join(clientPki, 'etcd-client.crt'), apiserver.cert],
    [join(clientPki, 'etcd-client.key'), apiserver.key],
    [join(clientPki, 'ca.crt'), pki.kubernetes.cert],
    [join(clientPki, 'server.crt'), api.cert],
    [join(clientPki, 'server.key'), api.key],
  ]
  for (const [path = '', body = ''] of files) await putFile(path, body)
}

import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterPki } from './cluster/node-pki.ts'
import { openGateway } from './etcd/gateway.ts'
import { isHealthy, putMany } from './etcd/kv.ts'
import { killEtcd, layPki, startEtcd } from './etcd-manager/etcd-process.ts'
import { putFile } from './files.ts'
import { type LabNode, pathsOf } from './layout.ts'
import type { LabSettings } from './options.ts'
import { kubernetesLike } from './seed.ts'
import { waitFor } from './wait.ts'

/** FACTS 6. */
const EVENTS = { client: 4002, peer: 2381 } as const
const TOKEN = '-vEntsDecoyTokenOf22ch'
const KEYS = 40

/**
 * Fills the node's events volume with the trashcan of another etcd cluster: real data, made by a real etcd that served
 * on events' ports and was killed. Its folder is called like any other, so only what is inside tells it apart. The token
 * begins with a dash, as one in 64 does (FACTS 2).
 */
export async function layEventsDecoy(node: LabNode, settings: LabSettings, pki: ClusterPki): Promise<void> {
  const { eventsVolume, etcdPki } = pathsOf(node)
  const [data, trash] = ['data', 'data-trashcan'].map((name) => join(eventsVolume, name, TOKEN))
  if (data === undefined || trash === undefined) return
  const pkiDir = join(eventsVolume, 'pki', TOKEN)
  await layPki(etcdPki, pkiDir)
  const name = `etcd-events-${node.name}`
  const url = (port: number) => `https://${node.address}:${port}`
  const child = await startEtcd(
    {
      release: settings.release,
      name,
      dataDir: data,
      clientUrl: url(EVENTS.client),
      peerUrl: url(EVENTS.peer),
      initialCluster: [`${name}=${url(EVENTS.peer)}`],
      token: TOKEN,
      clusterState: 'new',
      pkiDir,
    },
    'ignore',
  )
  try {
    await write(node, pki)
  } finally {
    await killEtcd(child)
  }
  await mkdir(join(eventsVolume, 'data-trashcan'), { recursive: true, mode: 0o755 })
  await rename(data, trash)
  await putFile(join(eventsVolume, 'myid'), `events-${node.name}`, 0o644)
}

async function write(node: LabNode, pki: ClusterPki): Promise<void> {
  const { cert, key } = pki.admin
  const gateway = openGateway({ address: node.address, port: EVENTS.client, ca: pki.clients.cert, cert, key })
  try {
    await waitFor('the events etcd serves', 30_000, async () => ((await isHealthy(gateway)) ? true : undefined))
    const pairs = [...kubernetesLike({ keys: KEYS, sizeBytes: KEYS * 500, seed: 99 })]
    await putMany(
      gateway,
      pairs.map(({ key, value }) => ({
        key: Buffer.from(`/registry/events/default/${key.length}-${key.toString('hex').slice(-24)}`),
        value,
      })),
    )
  } finally {
    gateway.close()
  }
}

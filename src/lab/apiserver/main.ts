import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openGateway } from '../etcd/gateway.ts'
import { putKey } from '../etcd/kv.ts'
import { grantLease } from '../etcd/lease.ts'
import { serveApi } from './serve.ts'

interface ApiserverConfig {
  node: string
  address: string
  /** Of etcd on this node. */
  etcdPort: number
  /** Its own. */
  port: number
  /** With the certificates for etcd, and those that it serves with. */
  pkiDir: string
  /** While this file is there nothing is written. */
  pauseFile: string
  /** 10 s in life. */
  everySeconds: number
}

/**
 * The API server double: serves lists of pods to kubelets, and writes what real ones write without being asked, so that a recovery meets honest differences.
 * A masterlease (`/registry/masterleases/<ip>`, time to live 15 s) and its own identity lease, every 10 s (scaled).
 */
async function main(file: string): Promise<void> {
  const config = JSON.parse(readFileSync(file, 'utf8')) as ApiserverConfig
  const pem = (name: string) => readFileSync(join(config.pkiDir, name), 'utf8')
  const tls = { ca: pem('etcd-ca.crt'), cert: pem('etcd-client.crt'), key: pem('etcd-client.key') }
  const gateway = openGateway({ address: config.address, port: config.etcdPort, ...tls })
  const own = { ca: pem('ca.crt'), cert: pem('server.crt'), key: pem('server.key') }
  await serveApi({ address: config.address, port: config.port, tls: own }, gateway)
  console.log(`kube-apiserver double of ${config.node}, pid ${process.pid}`)
  for (;;) {
    if (!existsSync(config.pauseFile))
      await beat(gateway, config).catch((error) => console.log(`etcd: ${String(error)}`))
    await new Promise((resolve) => setTimeout(resolve, config.everySeconds * 1000))
  }
}

async function beat(
  gateway: ReturnType<typeof openGateway>,
  { node, address, everySeconds }: ApiserverConfig,
): Promise<void> {
  const lease = await grantLease(gateway, everySeconds * 1.5)
  await putKey(gateway, `/registry/masterleases/${address}`, `k8s\0Endpoints ${address} ${Date.now()}`, lease)
  await putKey(gateway, `/registry/leases/kube-system/apiserver-${node}`, `k8s\0Lease renewed ${Date.now()}`)
}

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: main.js CONFIG')
await main(file)

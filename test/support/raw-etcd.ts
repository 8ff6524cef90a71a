import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectEtcd } from '../../src/adapters/etcd/connect.ts'
import type { EtcdClient, EtcdRelease } from '../../src/ports/etcd.ts'
import { scene } from './etcd.ts'

/** An etcd with flags of its own, as a node runs it and not this tool: it serves while `live` lasts, and ends in order. */
export async function rawEtcd(
  { etcd }: EtcdRelease,
  dataDir: string,
  flags: readonly string[],
  live: (client: EtcdClient) => Promise<void>,
): Promise<void> {
  const place = await scene()
  const urls = ['client', 'peer'].flatMap((kind) => [
    ...[`--listen-${kind}-urls`, `unix://${kind[0]}:1`],
    ...[kind === 'client' ? '--advertise-client-urls' : '--initial-advertise-peer-urls', `unix://${kind[0]}:1`],
  ])
  const own = ['--name', 'etcd-rescue', '--initial-cluster', 'etcd-rescue=unix://p:1', '--data-dir', dataDir]
  const child = spawn(etcd, [...own, ...urls, ...flags], { cwd: place.dir, stdio: 'ignore' })
  const client = await connectEtcd({ socketPath: join(place.dir, 'c:1'), deadlineMs: 1000 })
  try {
    while (
      !(await client.get('/').then(
        () => true,
        () => false,
      ))
    )
      await sleep(50)
    await live(client)
  } finally {
    await client.close()
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    await place.clear()
  }
}

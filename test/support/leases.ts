import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { openRpc } from '../../src/adapters/etcd/rpc.ts'
import type { LocalMember } from '../../src/ports/etcd.ts'

/** A key that goes with its lease, on a local member: granted after its start, so that nobody keeps it. */
export async function putLeased(member: LocalMember, key: string, ttl: number): Promise<string> {
  const rpc = await openRpc(`unix:${join(await readlink(`/proc/${member.pid}/cwd`), 'c:1')}`, undefined, 10_000)
  try {
    const { ID } = await rpc.call<{ ID: string }>('Lease', 'leaseGrant', { TTL: String(ttl) })
    await rpc.call('KV', 'put', { key: Buffer.from(key), value: Buffer.from('leased'), lease: ID })
    return ID
  } finally {
    rpc.close()
  }
}

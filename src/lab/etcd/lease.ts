import type { Gateway } from './gateway.ts'

/** A new lease; etcd raises a time to live that is too short to what its elections allow. Its id is a decimal string. */
export async function grantLease(gateway: Gateway, seconds: number): Promise<string> {
  const body = { TTL: String(Math.max(1, Math.ceil(seconds))), ID: '0' }
  return (await gateway.call<{ ID: string }>('/v3/lease/grant', body)).ID
}

/** The keys attached to a lease, sorted; undefined when there is no such lease, or no longer. */
export async function keysOfLease(gateway: Gateway, id: string): Promise<string[] | undefined> {
  const answer = await gateway.call<{ TTL?: string; keys?: string[] }>('/v3/lease/timetolive', { ID: id, keys: true })
  if (Number(answer.TTL ?? 0) <= 0) return undefined
  return (answer.keys ?? []).map((key) => Buffer.from(key, 'base64').toString('utf8')).sort()
}

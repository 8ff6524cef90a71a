import type { Lab } from '../lab.ts'

/**
 * etcd finds its database at its quota and raises the alarm NOSPACE: from now on it refuses every put. The alarm is kept with
 * the data, and goes into the trashcan with it.
 */
export async function fillUp(lab: Lab, node?: string): Promise<void> {
  const gateway = lab.etcd(node)
  try {
    const { header } = await gateway.call<{ header: { member_id: string } }>('/v3/maintenance/status', {})
    const alarm = { action: 'ACTIVATE', memberID: header.member_id, alarm: 'NOSPACE' }
    await gateway.call('/v3/maintenance/alarm', alarm, 30_000)
    lab.settings.note('etcd is at its quota: it raises the alarm NOSPACE and refuses every put')
  } finally {
    gateway.close()
  }
}

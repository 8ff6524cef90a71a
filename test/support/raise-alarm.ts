import type { LocalMember } from '../../src/ports/etcd.ts'
import { openLocal } from './member-state.ts'

/** Raises an alarm as etcd itself does: by default that of the member that is asked. */
export async function raiseAlarm(member: LocalMember, kind: 'NOSPACE' | 'CORRUPT', memberId?: string): Promise<void> {
  const rpc = await openLocal(member)
  try {
    const memberID = BigInt(`0x${memberId ?? (await member.client.status()).memberId}`).toString()
    const alarm = kind === 'NOSPACE' ? 'Nospace' : 'Corrupt'
    await rpc.call('Maintenance', 'alarm', { action: 'Activate', memberID, alarm })
  } finally {
    rpc.close()
  }
}

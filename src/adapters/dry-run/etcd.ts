import { WithheldError } from '../../errors/rescue-error.ts'
import type { OnCall } from '../../ports/calls.ts'
import type { EtcdClient, LiveEtcd, LocalEtcd } from '../../ports/etcd.ts'
import { commandLine } from './line.ts'

const HERE = 'this machine'

/**
 * Finding binaries that are here goes through; downloading, restoring and starting write on this machine and give what can't
 * be made up.
 */
export function withholdLocalEtcd(etcd: LocalEtcd, onCall: OnCall): LocalEtcd {
  const withheld = (line: string): never => {
    onCall({ where: HERE, effect: 'change', withheld: true, line })
    throw new WithheldError(line)
  }
  return {
    find: (minor) =>
      etcd.find(minor, { isHere: true }).catch((error) => {
        const from = etcd.downloads?.(minor) ?? []
        if (from.length === 0) throw error
        return withheld(`download ${from.join(', or ')}`)
      }),
    canBump: (release) => etcd.canBump(release),
    restore: async (_, file, dir) => withheld(commandLine(['snapshot', 'restore', file, '--data-dir', dir])),
    start: async (_, dir) => withheld(commandLine(['etcd', '--data-dir', dir])),
  }
}

export function withholdLiveEtcd(live: LiveEtcd, onCall: OnCall): LiveEtcd {
  return { ...live, connect: async (options) => withholdClient(await live.connect(options), onCall) }
}

/** Keys are told, values never: `/registry/secrets` is full of them. */
function withholdClient(client: EtcdClient, onCall: OnCall): EtcdClient {
  const tell = (line: string) => onCall({ where: client.endpoint, effect: 'change', withheld: true, line })
  return {
    endpoint: client.endpoint,
    status: () => client.status(),
    members: () => client.members(),
    removeMember: async (id) => tell(commandLine(['member', 'remove', id])),
    count: (options) => client.count(options),
    range: (options) => client.range(options),
    get: (key) => client.get(key),
    alarms: () => client.alarms(),
    disarm: async ({ kind, memberId }) => tell(commandLine(['alarm', 'disarm', kind, memberId])),
    hashKv: (revision) => client.hashKv(revision),
    compact: async (revision) => tell(commandLine(['compact', String(revision)])),
    defragment: async () => tell(commandLine(['defrag'])),
    snapshot: (options) => client.snapshot(options),
    close: () => client.close(),
    put: async (key) => tell(commandLine(['put', String(key)])),
    deleteIfUnchanged: async (key) => {
      tell(commandLine(['del', String(key)]))
      return true
    },
  }
}

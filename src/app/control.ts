import { toTarget } from '../config/index.ts'
import { type ControlFile, judgeControl, readControl } from '../etcd-manager/control.ts'
import type { ControlValue } from '../ui/control.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'
import { openBackupStore } from './stores.ts'

export type { ControlValue } from '../ui/control.ts'

/** The control files and waiting commands of an etcd cluster's store, with what they mean together (FACTS 1). */
export async function showControl(session: Session, { etcdCluster }: { etcdCluster: string }): Promise<ControlValue> {
  const config = await loadSettings(session)
  const store = await openBackupStore(toTarget(config, etcdCluster).backupStore, config, session.sources.env)
  const files = await readControl(store)
  const { created, spec } = files
  return {
    store: store.url,
    ...judgeControl(files),
    created: { state: created.state, ...faultOfFile(created) },
    spec: { state: spec.state, ...spec.value, ...faultOfFile(spec) },
    commands: files.commands.map(({ key, timestamp, backup, problem }) => ({
      key,
      at: new Date(Number(BigInt(timestamp) / 1_000_000n)).toISOString(),
      ...(backup === undefined ? {} : { backup }),
      ...(problem === undefined ? {} : { problem }),
    })),
  }
}

const faultOfFile = ({ problem, hint }: ControlFile) => ({
  ...(problem === undefined ? {} : { problem }),
  ...(hint === undefined ? {} : { hint }),
})

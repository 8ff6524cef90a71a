import type { SshSession } from '../adapters/ssh/session.ts'
import type { Config } from '../config/index.ts'
import { reportCall } from '../engine/index.ts'
import { systemClock } from '../ports/clock.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Prompter } from '../ports/prompter.ts'
import type { Target } from '../ports/target.ts'
import type { World } from '../ports/world.ts'
import { openHosts } from './hosts.ts'
import { scratchOf } from './ours.ts'
import { openBackupStore } from './stores.ts'

export interface WorldOptions {
  config: Config
  target: Target
  env: NodeJS.ProcessEnv
  prompter: Prompter
  ssh: SshSession
  /** The run's own directory; what is secret goes below it. */
  runDir: string
  dryRun: boolean
  /** A store without conditional writes is written to all the same, after a look. */
  withoutLock: boolean
  /** One line for the operator, from below the steps. */
  note(line: string): void
}

/** The real world, traced; with `dryRun` behind the gate that withholds every change. Nothing is connected yet. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const world = await realWorld(options)
  const { trace, withhold } = await import('../adapters/dry-run/index.ts')
  return options.dryRun ? withhold(world, reportCall) : trace(world, reportCall)
}

async function realWorld(options: WorldOptions): Promise<World> {
  const { config, target, env, prompter, runDir, note } = options
  const clock = systemClock
  const hosts = await openHosts({ config, target, prompter, clock, session: options.ssh, note })
  const [{ localEtcd }, { liveEtcd }, { dirScratch }, { localCommands }] = await Promise.all([
    import('../adapters/etcd/local.ts'),
    import('../adapters/etcd/live.ts'),
    import('../adapters/scratch/index.ts'),
    import('../adapters/local/index.ts'),
  ])
  const { etcdBinDir: binDir } = target.tools
  return {
    target,
    ...hosts,
    store: await worldStore(options),
    etcd: localEtcd({ ...(binDir === undefined ? {} : { binDir }), emit: note }),
    live: liveEtcd({
      hosts: hosts.controlPlane,
      etcdCluster: target.etcdCluster,
      certificateDir: config.clientCertificates,
    }),
    clock,
    prompter,
    scratch: dirScratch(scratchOf(runDir)),
    local: localCommands(storeEnv(config, env)),
    dryRun: false,
    close: async () => {
      await Promise.allSettled([...hosts.controlPlane, ...hosts.workers].map((host) => host.close()))
    },
  }
}

/** Asked only where it matters: a dry run writes nothing, not even to find out. */
async function worldStore({ config, target, env, dryRun, withoutLock }: WorldOptions): Promise<ObjectStore> {
  const store = await openBackupStore(target.backupStore, config, env)
  if (!withoutLock || dryRun || (await store.hasConditions?.()) !== false) return store
  const { lookFirst } = await import('../adapters/look-first-store.ts')
  return lookFirst(store)
}

/** What etcd-manager-ctl and teams' own commands need to find the same store: kOps' tools read no config of ours. */
function storeEnv({ s3 }: Config, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(s3.endpoint === undefined ? {} : { S3_ENDPOINT: s3.endpoint }),
    ...(s3.region === undefined ? {} : { S3_REGION: s3.region }),
    ...(s3.profile === undefined ? {} : { AWS_PROFILE: s3.profile }),
  }
}

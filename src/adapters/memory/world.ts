import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdClient, LiveEtcd, LocalEtcd } from '../../ports/etcd.ts'
import type { Target } from '../../ports/target.ts'
import type { World } from '../../ports/world.ts'
import { dirScratch } from '../scratch/index.ts'
import { memoryClock } from './clock.ts'
import { memoryPrompter } from './prompter.ts'
import { memoryStore } from './store.ts'

export const memoryTarget: Target = {
  cluster: 'staging.example.com',
  etcdCluster: 'main',
  backupStore: 'memory://store',
  nodes: { controlPlane: [], workers: [] },
  tools: {},
  loopSeconds: 10,
}

/** A world without a machine in it, for tests: every port in memory; those that a test needs otherwise are given. */
export function memoryWorld(over: Partial<World> = {}): World {
  return {
    target: memoryTarget,
    controlPlane: [],
    workers: [],
    store: memoryStore(),
    etcd: noEtcd,
    live: noLive,
    clock: memoryClock(),
    prompter: memoryPrompter(),
    // Never made unless a step writes to it.
    scratch: dirScratch('/nonexistent/etcd-rescue'),
    dryRun: false,
    close: async () => {},
    ...over,
  }
}

const absent = (what: string) => async (): Promise<never> => {
  throw new RescueError('ETCD_MISSING', `this world has no ${what}`, { hint: 'give the test one' })
}
const noEtcd: LocalEtcd = {
  find: absent('etcd'),
  canBump: absent('etcd'),
  restore: absent('etcd'),
  start: absent('etcd'),
}
const noLive: LiveEtcd = { connect: absent('cluster') as () => Promise<EtcdClient> }

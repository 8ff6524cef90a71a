import type { OnCall } from '../../ports/calls.ts'
import type { World } from '../../ports/world.ts'
import { withholdLiveEtcd, withholdLocalEtcd } from './etcd.ts'
import { traceHost, withholdHost } from './hosts.ts'
import { traceLocal, withholdLocal } from './local.ts'
import { withholdByHand } from './prompter.ts'
import { withholdScratch } from './scratch.ts'
import { traceStore, withholdStore } from './store.ts'

/** For commands that touch the store alone, without a run. */
export { withholdStore } from './store.ts'

/** The same world, with every call told before it is made. Give it the engine's `reportCall`. */
export function trace(world: World, onCall: OnCall): World {
  return {
    ...world,
    controlPlane: world.controlPlane.map((host) => traceHost(host, onCall)),
    workers: world.workers.map((host) => traceHost(host, onCall)),
    store: traceStore(world.store, onCall),
    ...(world.local ? { local: traceLocal(world.local, onCall) } : {}),
    close: () => world.close(),
  }
}

/**
 * The one gate of a dry run: reads go through and are told, changes are told and withheld. Nothing behind it can write on
 * a node, in the store, in the live etcd or on this machine's disk. Give it the engine's `reportCall`.
 */
export function withhold(world: World, onCall: OnCall): World {
  const traced = trace(world, onCall)
  return {
    ...traced,
    dryRun: true,
    controlPlane: traced.controlPlane.map((host) => withholdHost(host, onCall)),
    workers: traced.workers.map((host) => withholdHost(host, onCall)),
    store: withholdStore(traced.store, onCall),
    etcd: withholdLocalEtcd(world.etcd, onCall),
    live: withholdLiveEtcd(world.live, onCall),
    scratch: withholdScratch(world.scratch, onCall),
    prompter: withholdByHand(world.prompter, onCall),
    ...(traced.local ? { local: withholdLocal(traced.local, onCall) } : {}),
    close: () => world.close(),
  }
}

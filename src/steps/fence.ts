import { findManifests } from '../node/manifests.ts'
import { type Context, defineStep } from './define.ts'
import { isAway } from './support/away.ts'
import type { StaticPod } from './support/containers.ts'
import { startPod, stopPod } from './support/etcd-managers.ts'
import { onAll } from './support/on-seats.ts'
import { whatIsServed } from './support/served.ts'

export const APISERVER: StaticPod = { container: 'kube-apiserver', podPrefix: 'kube-apiserver' }

/**
 * An API server that serves the empty cluster tells kubelets and controllers that nothing should run, and they delete what
 * really runs (kubernetes/kubernetes 38918). While there is none, they leave everything as it is.
 */
export const fence = defineStep<never, 'fenced'>({
  id: 'fence',
  title: 'stop the API servers, so that none serves an empty cluster',
  effect: 'change',
  gives: ['fenced'],
  standing: {
    until: 'unfence',
    next: 'etcd-rescue unfence   # API servers are stopped; start them only when etcd serves what it should',
  },
  describe: () => ({
    reads: ['what the API servers serve now', 'their manifests on every control-plane node'],
    changes: ['API servers stopped on every control-plane node, their manifests set aside; running pods go on'],
  }),
  check: async ({ world, note }) => {
    note(await whatIsServed(world))
    for (const host of world.controlPlane) {
      await findManifests(host, APISERVER).catch((error) => {
        if (!isAway(error)) throw error
        note(`${host.name} cannot be reached: if an API server runs there, stop it by hand`)
      })
    }
  },
  act: async (context) => {
    const nodes = (await onAll(context.world.controlPlane, (host) => fenceOn(context, host))).flat()
    context.note('fenced: no API server runs; etcd-rescue unfence starts them again')
    return { fenced: { nodes } }
  },
  undo: async (context) => unfenceAll(context),
})

async function fenceOn(
  context: Context<never>,
  host: Context<never>['world']['controlPlane'][number],
): Promise<string[]> {
  try {
    await stopPod(context, host, APISERVER)
    return [host.name]
  } catch (error) {
    if (!isAway(error)) throw error
    context.note(`${host.name} cannot be reached and is not fenced`)
    return []
  }
}

/** On every node that has a manifest set aside; nothing to do on the others. */
export async function unfenceAll(context: Context<never>): Promise<void> {
  await onAll(context.world.controlPlane, async (host) => {
    try {
      if ((await findManifests(host, APISERVER)).aside.length > 0) await startPod(context, host, APISERVER)
    } catch (error) {
      if (!isAway(error)) throw error
      context.note(`${host.name} cannot be reached: type etcd-rescue unfence when it is back`)
    }
  })
}

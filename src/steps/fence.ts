import { RescueError } from '../errors/rescue-error.ts'
import { findManifests } from '../node/manifests.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { type Context, defineStep } from './define.ts'
import { isAway } from './support/away.ts'
import type { StaticPod } from './support/containers.ts'
import { mustHaveManifest, startPod, stopPod } from './support/etcd-managers.ts'
import { onAll } from './support/on-seats.ts'
import { whatIsServed } from './support/served.ts'

const APISERVER: StaticPod = { container: 'kube-apiserver', podPrefix: 'kube-apiserver' }

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
    next: () => 'etcd-rescue unfence   # API servers are stopped; start them only when etcd serves what it should',
  },
  describe: () => ({
    reads: ['what the API servers serve now', 'their manifests on every control-plane node'],
    changes: ['API servers stopped on every control-plane node, their manifests set aside; running pods go on'],
  }),
  check: async ({ world, note }) => {
    note(await whatIsServed(world))
    for (const host of world.controlPlane) {
      await mustHaveManifest(host, APISERVER).catch((error) => {
        if (!isAway(error)) throw error
        note(`${host.name} cannot be reached: if an API server runs there, stop it by hand`)
      })
    }
  },
  act: async (context) => {
    const { world, note } = context
    const done = await onAll(world.controlPlane, (host) => unlessAway(() => stopPod(context, host, APISERVER)))
    const nodes = named(world.controlPlane, (_, at) => done[at] === true)
    const away = named(world.controlPlane, (_, at) => done[at] !== true)
    if (nodes.length === 0) throw allAway(away)
    note(`fenced: no API server runs on ${nodes.join(', ')}; etcd-rescue unfence starts them again`)
    if (away.length > 0)
      note(`not fenced, since they cannot be reached: ${away.join(', ')}; stop the API servers there`)
    return { fenced: { nodes } }
  },
  undo: async (context) => {
    const { world, note } = context
    const served = await whatIsServed(world)
    const question = `${served}. Start the API servers on it?`
    if (
      world.prompter.interactive &&
      (await world.prompter.confirm(question, { flag: 'etcd-rescue unfence', default: false }))
    )
      return unfenceAll(context)
    note(`${served}; API servers stay stopped until you type: etcd-rescue unfence`)
  },
})

const named = (hosts: readonly RemoteHost[], keep: (host: RemoteHost, at: number) => boolean) =>
  hosts.filter(keep).map(({ name }) => name)

/** False when the node cannot be reached. */
async function unlessAway(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (isAway(error)) return false
    throw error
  }
}

function allAway(away: readonly string[]): RescueError {
  return new RescueError('HOST_UNREACHABLE', `no control-plane node can be reached: ${away.join(', ')}`, {
    hint: 'check the addresses and the way there: etcd-rescue doctor; then resume the run',
  })
}

/** On every node that has a manifest set aside; nothing to do on the others. */
export async function unfenceAll(context: Context<never>): Promise<void> {
  const { world, note } = context
  const done = await onAll(world.controlPlane, (host) =>
    unlessAway(async () => {
      if ((await findManifests(host, APISERVER)).aside.length > 0) await startPod(context, host, APISERVER)
    }),
  )
  const away = named(world.controlPlane, (_, at) => done[at] !== true)
  if (away.length > 0 && away.length === world.controlPlane.length) throw allAway(away)
  for (const name of away) note(`${name} cannot be reached: type etcd-rescue unfence when it is back`)
}

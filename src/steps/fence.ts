import { RescueError } from '../errors/rescue-error.ts'
import { findManifests } from '../node/manifests.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { type Context, defineStep } from './define.ts'
import { APISERVER, apiServerHosts, areFenced } from './support/api-servers.ts'
import { isAway } from './support/away.ts'
import { etcdManagerPod } from './support/containers.ts'
import { onEnough } from './support/enough.ts'
import { mustHaveManifest, startPod, stopPod } from './support/etcd-managers.ts'
import { keepFenced } from './support/keep-fenced.ts'
import { onAll, onSeats } from './support/on-seats.ts'
import { whatIsServed } from './support/served.ts'

/**
 * An API server that serves the empty cluster tells kubelets and controllers that nothing should run, and they delete what
 * really runs (kubernetes/kubernetes 38918). While there is none, they leave everything as it is.
 */
export const fence = defineStep<never, 'fenced', Record<string, never>, 'placement'>({
  id: 'fence',
  title: 'stop the API servers, so that none serves an empty cluster',
  effect: 'change',
  uses: ['placement'],
  gives: ['fenced'],
  standing: {
    until: 'unfence',
    next: () => 'etcd-rescue unfence   # API servers are stopped; start them only when etcd serves what it should',
    keep: keepFenced,
  },
  describe: () => ({
    reads: ['what the API servers serve now', 'their manifests on every control-plane node'],
    changes: ['API servers stopped on every control-plane node, their manifests set aside; running pods go on'],
  }),
  check: async ({ world, note, needs }) => {
    note(await whatIsServed(world))
    await onAll(apiServerHosts(world), async (host) => {
      await mustHaveManifest(host, APISERVER).catch((error) => {
        if (!isAway(error)) throw error
        note(`${host.name} cannot be reached: if an API server runs there, stop it by hand`)
      })
    })
    // what is stopped next, behind the fence, must be there as well before anything is
    const pod = etcdManagerPod(world.target.etcdCluster)
    await onSeats(world, needs.placement?.seats ?? [], (host) =>
      mustHaveManifest(host, pod).catch((error) => {
        if (!isAway(error)) throw error
      }),
    )
  },
  isSo: ({ world }) => areFenced(apiServerHosts(world)),
  act: async (context) => {
    const { world, note } = context
    const hosts = apiServerHosts(world)
    const done = await onAll(hosts, (host) => unlessAway(() => stopPod(context, host, APISERVER)))
    const nodes = named(hosts, (_, at) => done[at] === true)
    const away = named(hosts, (_, at) => done[at] !== true)
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
    hint: 'check the addresses and the way there, as scan sees them: etcd-rescue scan; then go on: etcd-rescue runs resume',
  })
}

/** On every node that has a manifest set aside; nothing to do on the others. One that came up is enough to go on. */
export async function unfenceAll(context: Context<never>): Promise<void> {
  const { world } = context
  const start = async (host: RemoteHost) => {
    const { aside } = await findManifests(host, APISERVER)
    if (aside.length > 0) await startPod(context, host, APISERVER)
  }
  await onEnough(context, apiServerHosts(world), start, {
    said: 'the API server could not be started',
    nodeOf: ({ name }) => name,
    isEnough: (up) => up.length > 0,
    whenBack: () => ({ command: 'etcd-rescue unfence', onNode: false }),
  })
}

import { z } from 'zod'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import { restartUnit, unitState } from '../node/units.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { type Context, defineStep } from './define.ts'
import { goOnWithout, isAway } from './support/away.ts'
import { gapLines, nodeGap, readNodes } from './support/known-nodes.ts'

const inputs = z.strictObject({
  /** How many nodes at once. */
  batch: z.coerce.number().int().min(1).max(100).default(5),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<never, Inputs>

/** What watches, and only its owner can find and restart. kOps' nodeup writes kube-proxy.manifest, unless told to use a DaemonSet. */
const OTHERS =
  'not restarted, and they wait for revisions from before as well: kube-proxy, the network plugin (Cilium, Calico, …), the cloud controller and every operator. Restart them: kubectl -n kube-system get daemonsets,deployments, then kubectl rollout restart of each; a kube-proxy that is a static pod, as kOps makes it: crictl stop its container on every node'

/** On every node: kubelets hold resource versions from before the restore. One that fails doesn't keep the others waiting. */
export const restartKubelets = defineStep<never, never, Inputs>({
  id: 'restart-kubelets',
  title: 'restart kubelet on every node, in batches',
  effect: 'change',
  inputs,
  describe: ({ batch }) => ({
    reads: ['the nodes that the running cluster knows'],
    changes: [`kubelet on every control-plane node and worker, ${batch} at a time`],
  }),
  act: async (context) => {
    const { world, inputs, progress } = context
    await tellOthers(context)
    const hosts = [...world.controlPlane, ...world.workers]
    const failed: Failed[] = []
    for (let start = 0; start < hosts.length; start += inputs.batch) {
      const batch = hosts.slice(start, start + inputs.batch)
      failed.push(
        ...(await Promise.all(batch.map((host) => restart(context, host)))).filter((why) => why !== undefined),
      )
      progress('nodes', Math.min(start + inputs.batch, hosts.length), hosts.length, 'items')
    }
    const broken = failed.filter(({ away }) => !away)
    if (broken.length > 0) throw someFailed(broken, hosts.length)
    await goOnWithout(
      context,
      failed.map(({ why }) => why),
      hosts.length,
      'kubelet',
    )
    context.note(OTHERS)
    return {}
  },
})

/** Which nodes of the cluster's own data are left out. One that does not answer leaves it untold: kubelets come first. */
async function tellOthers({ world, note, signal }: Ctx): Promise<void> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      for (const line of gapLines(nodeGap(await readNodes(client, signal), world.target))) note(line)
    } finally {
      await client.close()
    }
  } catch (error) {
    if (signal.aborted) throw error
    note(`which nodes the cluster knows could not be read: ${toRescueError(error).message}`)
  }
}

interface Failed {
  /** With the node's name. */
  why: string
  away: boolean
}

/** Resolves to why it failed. Remembered per node, so that a resumed run restarts only the ones that failed. */
async function restart({ once, signal }: Ctx, host: RemoteHost): Promise<Failed | undefined> {
  try {
    await once(`restarted:${host.name}`, async () => {
      const found = await unitState(host, 'kubelet')
      const before = await once(`before:${host.name}`, async () => found.pid)
      // a run that was killed right after the restart did not come to write it down
      const isAnother = found.active === 'active' && found.pid !== before
      if (!isAnother) await restartUnit(host, 'kubelet', { signal, found })
      return true
    })
    return undefined
  } catch (error) {
    if (signal.aborted) throw error
    return { why: `${host.name}: ${toRescueError(error).message}`, away: isAway(error) }
  } finally {
    // a connection that is kept costs 0.4 MB
    await host.rest()
  }
}

function someFailed(failed: Failed[], all: number): RescueError {
  return new RescueError(
    'STEP_FAILED',
    `kubelet was not restarted on ${failed.length} of ${all} nodes: ${failed
      .slice(0, 10)
      .map(({ why }) => why)
      .join('; ')}`,
    {
      hint: 'bring these nodes back and resume the run: only they are restarted',
    },
  )
}

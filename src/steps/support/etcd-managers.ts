import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { detectRuntime } from '../../node/detect-runtime.ts'
import { kubeletWatch } from '../../node/kubelet.ts'
import { findManifests, putManifestsBack, setManifestsAside } from '../../node/manifests.ts'
import { heldDatabase } from '../../node/released.ts'
import { findContainers, removeEnded } from '../../node/runtime.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Seat } from '../facts.ts'
import { etcdManagerPod, type StaticPod } from './containers.ts'

type Ctx = StepContext<unknown, unknown>

const STOP_SECONDS = 30
const WAIT_MS = 120_000
/** No node starts again and is up within this. */
const FRESH_MS = 20_000

/** `PRECONDITION` when a node has no manifest of this pod, in place or aside: to be found out before any is stopped. */
export async function mustHaveManifest(host: RemoteHost, pod: StaticPod): Promise<void> {
  const { inPlace, aside } = await findManifests(host, pod)
  if (inPlace.length + aside.length === 0) throw noManifest(host, pod)
}

/**
 * Stops a static pod so that it stays stopped: its manifest moves aside first, or kubelet would start another container
 * at once (FACTS 6). Done twice it is done once. `PRECONDITION` when the node has no such manifest at all.
 * `inUse` names what its program must have let go of as well.
 */
export async function stopPod(
  context: Ctx,
  host: RemoteHost,
  pod: StaticPod,
  inUse: () => Promise<string | undefined> = async () => undefined,
): Promise<void> {
  const manifests = await setManifestsAside(host, pod)
  if (manifests === 0) throw noManifest(host, pod)
  const runtime = await detectRuntime(host)
  for (const { id } of await findContainers(host, pod)) {
    // one that kubelet has stopped meanwhile is what was wanted
    await runtime.stop(id, { timeoutSeconds: STOP_SECONDS, signal: context.signal }).catch(async (error) => {
      if ((await findContainers(host, pod)).some((one) => one.id === id)) throw error
    })
  }
  await context.until({
    name: `${pod.container} of ${pod.podPrefix} has ended on ${host.name}`,
    timeoutMs: WAIT_MS,
    everyMs: 100,
    look: async () => {
      const [[running], used] = await Promise.all([findContainers(host, pod), inUse()])
      if (running) return { done: false, last: `container ${running.id.slice(0, 13)} runs` }
      return used === undefined ? { done: true, value: true } : { done: false, last: `${used} is in use` }
    },
  })
}

type Volume = Pick<Seat, 'base' | 'source'>

/**
 * What `look` sees of a volume whose etcd-manager is stopped, and what is done next relies on both. A node may have started
 * again since the stop, and brought its manifests along, or a kubelet have been slower than we: one that runs is stopped,
 * stays so, and only then is looked at. `since`: Unix ms, when it was last known to be stopped. An etcd can outlive its
 * etcd-manager: nothing is moved while one holds a database here.
 */
export async function whileStopped<T>(
  context: Ctx,
  host: RemoteHost,
  { base, source }: Volume,
  since: number,
  look: () => Promise<T>,
): Promise<T> {
  const pod = etcdManagerPod(context.world.target.etcdCluster)
  // etcd is away meanwhile: what was made sure a moment ago wants one look, and a run that was resumed wants all of them
  if (context.world.clock.now().getTime() - since < FRESH_MS) {
    const [running, seen] = await Promise.all([findContainers(host, pod), look()])
    if (running.length === 0) return seen
  }
  // somebody may have started one on the trashcan, to look into it
  const dirs = [`${base}/data`, ...(source === undefined ? [] : [source])]
  await stopPod(context, host, pod, () => heldDatabase(host, dirs))
  return look()
}

/** Stopped whatever was known before. */
export async function keepStopped(context: Ctx, host: RemoteHost, volume: Volume): Promise<void> {
  await whileStopped(context, host, volume, 0, async () => undefined)
}

/** Puts a stopped pod's manifest back and waits until its container runs. */
export async function startPod(context: Ctx, host: RemoteHost, pod: StaticPod): Promise<void> {
  await removeEnded(host, pod)
  await putManifestsBack(host, pod)
  const what = `${pod.container} of ${pod.podPrefix} is not started`
  const mustRun = kubeletWatch(host, what, () => context.world.clock.now().getTime())
  await context.until({
    name: `kubelet starts ${pod.container} of ${pod.podPrefix} on ${host.name}`,
    timeoutMs: WAIT_MS,
    everyMs: 250,
    // of mustRun
    fatal: ['TIMED_OUT'],
    look: async () => {
      const running = await findContainers(host, pod)
      if (running.length > 0) return { done: true, value: true }
      await mustRun()
      return { done: false, last: 'none is running' }
    },
  })
}

function noManifest(host: RemoteHost, { podPrefix }: StaticPod): RescueError {
  return new RescueError('PRECONDITION', `${host.name}: no manifest of a static pod ${podPrefix} was found`, {
    hint: `look on the node: sudo ls -l /etc/kubernetes/manifests; without it ${podPrefix} cannot be kept stopped`,
  })
}

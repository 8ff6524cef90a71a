// The drill's cluster, for measuring: filled once, lost and recovered again and again.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { restartByHand } from './restart-by-hand.mjs'

const CONTROL_PLANE = ['a', 'b', 'c']

export async function openSandbox(packageDir, options) {
  const lab = (name) => import(join(packageDir, 'modules/src/lab', name))
  const [{ buildLab, countServed, watchOutage }, { fill }, { backupNames, kopsUpdateCluster, MARKER }, { waitFor }] =
    await Promise.all(['index.js', 'fill.js', 'control-files.js', 'wait.js'].map(lab))
  const it = await buildLab(options)
  const volume = (name) => join(it.nodes.find((node) => node.name === name).root, 'mnt/master-vol-main')

  /** What earlier turns left behind is not what this one is about. */
  function tidy() {
    for (const name of CONTROL_PLANE)
      for (const place of ['data-trashcan', 'data-aside'])
        rmSync(join(volume(name), place), { recursive: true, force: true })
  }

  return {
    cluster: it.cluster,
    configFile: it.configFile,
    close: it.close,
    fill: async (data) => {
      await it.ready()
      await fill(it, data)
    },
    /** The incident: no marker, a spec, and etcd-manager trashes the data within a loop. */
    reseed: async () => {
      await it.ready()
      tidy()
      await it.store.remove(MARKER)
      await kopsUpdateCluster(it)
      const trashed = () => CONTROL_PLANE.every((name) => names(join(volume(name), 'data-trashcan')).length > 0)
      await waitFor('the data is trashed', 120_000, async () => (trashed() ? true : undefined))
      await it.ready()
      if ((await countServed(it)) !== 0) throw new Error('the cluster is not empty')
    },
    /** A backup of what is served now. */
    backup: async () => {
      const had = (await backupNames(it)).length
      await waitFor('two backups', 900_000, async () => ((await backupNames(it)).length > had + 1 ? true : undefined))
    },
    /** All three stopped at once and started again. */
    restart: async () => {
      await restartByHand({ ...it, nodes: it.nodes.filter(({ role }) => role === 'control-plane') })
      await it.ready()
    },
    /** Seconds without a linearizable read while `work` is done; `another`: up to the first of another cluster. */
    outageOf: async (work, until) => {
      const watch = await watchOutage(it)
      await work()
      const { toAnother, longest } = await watch.stop()
      return until === 'another' ? toAnother : longest
    },
  }
}

function names(dir) {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

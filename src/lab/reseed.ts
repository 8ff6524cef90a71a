import { kopsUpdateCluster } from './control-files.ts'
import type { Lab } from './lab.ts'
import { type LateWrites, writeUntilKilled } from './late-writes.ts'
import { loseDisks } from './lose-node.ts'
import { countServed } from './measure.ts'
import { patience, wrong } from './patience.ts'
import { fillUp } from './scenarios/full-database.ts'
import { comeBack, leave, STAYING } from './scenarios/member-away.ts'
import type { Scenario } from './scenarios/scenarios.ts'
import { tearLog } from './scenarios/torn-log.ts'
import { attachBeside, diskSnapshot } from './scenarios/volume-beside.ts'
import { trashedDirs, trashedOn } from './trashcans.ts'
import { waitFor } from './wait.ts'

export interface Losses {
  /** 0 to 2: how many control-plane nodes, from the last on, lose the data for good. Default 0. */
  lostNodes?: number
  /** What comes on top of the incident; a leader is killed only while it restores, which is not here. */
  scenarios?: readonly Scenario[]
}

/** The spec is written, and the data goes to the trashcans; then more may be lost, come back, or be found torn. */
export async function trash(lab: Lab, { lostNodes = 0, scenarios = [] }: Losses): Promise<LateWrites> {
  const isAway = scenarios.includes('member-away')
  const disk = await diskSnapshot(lab)
  const isFull = scenarios.includes('full-database')
  const late = isAway ? await seedWithout(lab, isFull) : await seedUnderWrites(lab, isFull)
  await nothingServed(lab)
  if (scenarios.includes('torn-log')) await tearLogs(lab)
  if (scenarios.includes('volume-beside')) await attachBeside(lab, disk)
  await loseDisks(lab, lostNodes)
  if (isAway) await comeBack(lab)
  return late
}

async function seedUnderWrites(lab: Lab, isFull: boolean): Promise<LateWrites> {
  const stop = new AbortController()
  const late = writeUntilKilled(lab, stop.signal)
  if (isFull) await fillUp(lab)
  await seedAnew(lab).finally(() => stop.abort())
  await lab.ready()
  return late
}

async function seedWithout(lab: Lab, isFull: boolean): Promise<LateWrites> {
  const late = await leave(lab)
  if (isFull) await fillUp(lab, STAYING[0])
  await seedAnew(lab, STAYING)
  await lab.ready(STAYING)
  return late
}

async function seedAnew(lab: Lab, nodes?: readonly string[]): Promise<void> {
  lab.settings.note('kops update cluster writes the spec')
  await kopsUpdateCluster(lab)
  await reseeded(lab, nodes)
}

async function tearLogs(lab: Lab): Promise<void> {
  lab.settings.note('power was cut: each copy ends in the middle of a record')
  for (const dir of await trashedDirs(lab)) await tearLog(dir)
}

/** Until the data directories of these control-plane nodes, or of all, are in their trashcans. */
async function reseeded(lab: Lab, nodes?: readonly string[]): Promise<void> {
  await waitFor('etcd-manager seeds a new cluster', patience(lab), async () => {
    const all = Object.entries(await trashedOn(lab)).filter(([name]) => nodes?.includes(name) ?? true)
    return all.every(([, tokens]) => tokens.length > 0) ? true : undefined
  })
}

async function nothingServed(lab: Lab): Promise<void> {
  const served = await waitFor('the new cluster is counted', patience(lab), () => countServed(lab))
  if (served > 0) throw wrong(`the cluster still serves ${served} keys after the incident`)
}

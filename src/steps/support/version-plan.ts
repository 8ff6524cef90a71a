import { type CarriedState, type Finding, told, whyOf } from './carried-state.ts'

/** An etcd starts on no data of a newer minor version (`cluster cannot be downgraded`, FACTS 2). Pure. */
export function versionFindings({ way, version, downgradeTo }: CarriedState): Finding[] {
  return [...aheadFindings(way, version), ...downgradeFindings(way, downgradeTo)]
}

function aheadFindings(way: CarriedState['way'], { data, runs }: CarriedState['version']): Finding[] {
  if (data.is !== 'seen') return [told(`of which etcd version the data are is not known${whyOf(data)}`)]
  if (runs.is !== 'seen')
    return [told(`the data are of etcd ${minorOf(data.value)}; which etcd will run on them is not known${whyOf(runs)}`)]
  if (!isAhead(data.value, runs.value)) return []
  const ahead = `the data are of etcd ${minorOf(data.value)}, and etcd ${runs.value} will run`
  if (way === 'restore')
    return [told(`${ahead}: it gets the keys alone, put one by one, as etcd-manager does for a downgrade`)]
  const hint =
    'nothing was changed; raise the etcd version in the kOps spec, or let etcd-manager put the keys one by one: etcd-rescue recover --method rebuild-from-trashcan'
  return [{ is: 'refused', code: 'VERSION_MISMATCH', say: `${ahead}: it does not start on newer data`, hint }]
}

function downgradeFindings(way: CarriedState['way'], to: CarriedState['downgradeTo']): Finding[] {
  if (to.is === 'absent' || way === 'restore') return []
  if (to.is === 'unseen') return [told(`whether a downgrade was begun is not known: ${to.why}`)]
  const begun = `a downgrade to etcd ${to.value} was begun in the copy and not ended: it goes on in the recovered cluster`
  const question = `${begun}, which takes no newer etcd meanwhile. Go on with it? etcdctl downgrade cancel ends it afterwards.`
  return [{ is: 'asked', code: 'downgrade', say: begun, question }]
}

const minorOf = (version: string) => version.split('.').slice(0, 2).join('.')

function isAhead(data: string, runs: string): boolean {
  const [major = 0, minor = 0] = data.split('.').map(Number)
  const [ofMajor = 0, ofMinor = 0] = runs.split('.').map(Number)
  return major > ofMajor || (major === ofMajor && minor > ofMinor)
}

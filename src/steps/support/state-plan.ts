import { type CarriedState, type Finding, type StateWay, told, whyOf } from './carried-state.ts'
import type { Disarm } from './disarm.ts'
import { spaceFindings } from './space-plan.ts'
import { versionFindings } from './version-plan.ts'

/** All that is to be said of the state that comes with the data, before anything is changed. Pure. */
export function planState(state: CarriedState): Finding[] {
  return [
    ...alarmFindings(state),
    ...spaceFindings(state),
    ...authFindings(state),
    ...learnerFindings(state),
    ...versionFindings(state),
  ]
}

function alarmFindings({ way, alarms, disarm, memberId }: CarriedState): Finding[] {
  if (alarms.is !== 'seen') return [told(`whether the copy carries an alarm is not known${whyOf(alarms)}`)]
  return alarms.value.flatMap(({ kind, memberId: about }): Finding[] => {
    const carries = `the copy carries the alarm ${kind} of member ${about}`
    if (kind === 'CORRUPT')
      return [corrupt(`${carries}${about === memberId ? ', the one that it is of' : ''}`, way, disarm)]
    if (way === 'restore')
      return [told(`${carries}; it does not come along into the new cluster, which raises its own`)]
    const refuses = `${carries}: etcd refuses every put until it is taken back`
    if (disarm === 'no') return [told(`${refuses}. It stays, as you said, and the run will end as not verified`)]
    return [told(`${refuses}. prove-writes takes it back at the end, when the data was compared and there is room`)]
  })
}

/** It says that members' data differed: which of them is right, no alarm says. */
function corrupt(carries: string, way: StateWay, disarm: Disarm): Finding {
  const differs = `${carries}: it was found to hold other data than the others`
  if (disarm === 'all' && way !== 'restore') return told(`${differs}; agreed to, by disarm=all`)
  if (disarm === 'no' && way !== 'restore')
    return told(
      `${differs}. The alarm stays, as you said: etcd refuses every write, and the run will end as not verified`,
    )
  const then =
    way === 'restore' ? '' : ' The alarm is taken back at the end, when all members that answer were compared.'
  return {
    ...{ is: 'asked', code: way === 'restore' ? 'corrupt' : 'corrupt-alarm', say: differs },
    question: `Careful: ${differs}. Is this the copy that is right?${then} Go on with it?`,
  }
}

function authFindings({ auth, way }: CarriedState): Finding[] {
  if (auth.is !== 'seen') return [told(`whether the copy has authentication on is not known${whyOf(auth)}`)]
  if (auth.value === 'off') return []
  const on = "the copy has authentication on, and Kubernetes' API server has no user in etcd"
  if (auth.value === 'on') {
    const why =
      way === 'restore'
        ? 'etcd-manager reads it without one too, and would begin again for ever'
        : 'nothing could read the cluster'
    const hint =
      way === 'restore'
        ? 'nothing was changed; choose another backup, or a copy on a node: etcd-rescue recover --method seed-in-place'
        : 'nothing was changed; seed all members from it, with authentication off: etcd-rescue recover --method seed-in-place --set accept=auth'
    return [{ is: 'refused', code: 'PRECONDITION', say: `${on}: ${why}`, hint }]
  }
  const off = `${on}: it is turned off in what is made of the copy, and its users and roles stay`
  return [
    {
      is: 'asked',
      code: 'auth',
      say: off,
      question: `${off}. Go on without authentication?`,
    },
  ]
}

function learnerFindings({ learners, way }: CarriedState): Finding[] {
  if (learners.is === 'absent') return []
  if (learners.is === 'unseen')
    return [told(`whether a member is a learner, without a vote, is not known${whyOf(learners)}`)]
  if (learners.value.length === 0) return []
  const names = learners.value.join(', ')
  const then =
    way === 'return' ? 'none counts in a quorum, and each stays one until it is promoted' : 'the new cluster has none'
  return [told(`learners, members without a vote, in the list of the copy: ${names}; ${then}`)]
}

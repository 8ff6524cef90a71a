/** Of the members that have a vote: see `hasVote`. */
export const quorumOf = (voters: number): number => Math.floor(voters / 2) + 1

/**
 * A learner is sent the log and has no vote: it counts in no quorum, neither as one that is needed nor as one that is there,
 * never leads, and answers no linearizable read (etcd's design of learners, since 3.4).
 */
export const hasVote = ({ isLearner }: { isLearner?: boolean | undefined }): boolean => isLearner !== true

/** What a copy says of the members of its cluster. */
interface MemberList {
  memberId?: string | undefined
  /** Ids. */
  members?: readonly string[] | undefined
  learners?: readonly string[] | undefined
}

/** How many of the members that a copy names have a vote. */
export const votersIn = ({ members = [], learners = [] }: MemberList): number =>
  members.filter((id) => !learners.includes(id)).length

/** The copy is of a member that is a learner, by the list of this one: by default its own. */
export const isOfLearner = ({ memberId, learners }: MemberList, list: MemberList = { learners }): boolean =>
  memberId !== undefined && list.learners?.includes(memberId) === true

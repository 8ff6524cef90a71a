import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { EtcdMember, EtcdStatus } from '../../ports/etcd.ts'
import type { World } from '../../ports/world.ts'
import { hasVote, quorumOf } from './quorum.ts'

/** What one node's member says of itself, after it has answered a linearizable read. */
export interface Answer {
  node: string
  status: EtcdStatus
  members: EtcdMember[]
}

/** The cluster that serves, as the nodes beside one say it. */
export interface RunningCluster {
  clusterId: string
  members: EtcdMember[]
  answers: Answer[]
}

/** One node's own member: it answers only with a quorum, and a learner does not. */
export async function askMember({ live }: World, node: string): Promise<Answer> {
  const client = await live.connect({ node, timeoutMs: 5000 })
  try {
    await client.count({ prefix: '/registry/namespaces/' })
    const [status, members] = await Promise.all([client.status(), client.members()])
    return { node, status, members }
  } finally {
    await client.close()
  }
}

/** A read that meets an election is refused, and is answered right after it. */
const LOOKS = 3

async function askPatiently(world: World, node: string): Promise<Answer | RescueError> {
  for (let left = LOOKS - 1; ; left--) {
    const said = await askMember(world, node).catch((error: unknown) => toRescueError(error))
    if (!(said instanceof RescueError) || said.code !== 'ETCD_UNREACHABLE' || left === 0) return said
  }
}

/**
 * The cluster that serves without this node. `PRECONDITION` unless the others alone are a quorum of one and the same
 * cluster and answer: nothing is stopped or taken out of the list while they are not.
 */
export async function runningWithout(world: World, without: string): Promise<RunningCluster> {
  const others = world.controlPlane.map(({ name }) => name).filter((name) => name !== without)
  const asked = await Promise.all(others.map((node) => askPatiently(world, node)))
  const answers = asked.filter((one) => !(one instanceof RescueError)) as Answer[]
  const silent = others.flatMap((node, at) => {
    const said = asked[at]
    return said instanceof RescueError ? [`${node}: ${said.message}`] : []
  })
  const [first] = answers
  if (first === undefined) throw noQuorum(`nothing serves without ${without}: ${silent.join('; ')}`)
  const { clusterId } = first.status
  const other = answers.find(({ status }) => status.clusterId !== clusterId)
  if (other)
    throw noQuorum(`${first.node} serves the cluster ${clusterId}, and ${other.node} ${other.status.clusterId}`)
  const serving = new Set(answers.map(({ status }) => status.memberId)).size
  const voters = first.members.filter(hasVote)
  const wanted = quorumOf(voters.length)
  if (serving < wanted) {
    const why = silent.length === 0 ? '' : ` (${silent.join('; ')})`
    throw noQuorum(`${serving} of ${voters.length} members serve without ${without}, and ${wanted} are needed${why}`)
  }
  return { clusterId, members: first.members, answers }
}

function noQuorum(why: string): RescueError {
  return new RescueError('PRECONDITION', `the cluster must serve without the node that is to join: ${why}`, {
    hint: 'nothing was changed; see what each node runs: etcd-rescue scan; bring the cluster back first: etcd-rescue recover',
  })
}

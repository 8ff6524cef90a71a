import type { ServiceError } from '@grpc/grpc-js'
import { RescueError } from '../../errors/rescue-error.ts'

/** gRPC's status codes that mean something of their own here. */
const CANCELLED = 1
const INVALID_ARGUMENT = 3
const DEADLINE_EXCEEDED = 4
const PERMISSION_DENIED = 7
const RESOURCE_EXHAUSTED = 8
const UNAVAILABLE = 14
const UNAUTHENTICATED = 16

/** True for an answer larger than the channel takes: the page was too large, ask for less. */
export function isTooLarge(error: unknown): boolean {
  const cause = error instanceof RescueError ? (error.cause as Partial<ServiceError> | undefined) : undefined
  return cause?.code === RESOURCE_EXHAUSTED && /larger than max/i.test(cause.details ?? '')
}

/** A gRPC error as `RescueError`: no answer is `ETCD_UNREACHABLE`, a refused call is `ETCD_FAILED` or `PRECONDITION`. */
export function explainRpcError(error: ServiceError, endpoint: string): RescueError {
  const said = firstLine(error.details || error.message)
  if (needsLogin(error, said)) {
    return new RescueError('PRECONDITION', `etcd at ${endpoint} has authentication enabled: ${said}`, {
      hint: 'kOps never enables it; switch it off with `etcdctl auth disable` as its root user, then try again',
      cause: error,
    })
  }
  if (error.code === UNAVAILABLE || error.code === DEADLINE_EXCEEDED || error.code === CANCELLED) {
    return new RescueError('ETCD_UNREACHABLE', `etcd at ${endpoint} does not answer: ${said}`, {
      hint: 'see whether etcd runs there and has a quorum: `crictl ps` and the log of etcd-manager on the node',
      cause: error,
    })
  }
  return new RescueError('ETCD_FAILED', `etcd at ${endpoint} refused: ${said}`, { hint: hintFor(said), cause: error })
}

function needsLogin({ code }: ServiceError, said: string): boolean {
  return (
    code === UNAUTHENTICATED ||
    code === PERMISSION_DENIED ||
    (code === INVALID_ARGUMENT && /user name is empty|invalid auth/i.test(said))
  )
}

function hintFor(said: string): string {
  if (said.includes('compacted')) return 'the revision was compacted while it was read: start the command again'
  if (said.includes('space exceeded')) return 'this etcd is over its quota (alarm NOSPACE): see `etcdctl alarm list`'
  if (said.includes('corrupt')) return 'this member found its data corrupt: take another copy'
  return 'see the log of this etcd'
}

/** Bounded: what a server sends ends up in journals and on screens. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300)
}

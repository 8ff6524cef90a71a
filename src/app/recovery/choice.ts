import type { Method } from '../../recovery/proposal.ts'

/** What the operator said about a recovery. */
export interface RecoverChoice {
  /** Only this one. Default: all of the configuration are looked at. */
  etcdCluster?: string | undefined
  method: 'auto' | Method
  /** A runbook of one's own in place of a method, by name or file. */
  runbook?: string | undefined
  copy?: string | undefined
  backup?: string | undefined
  inputs: Record<string, string>
  from?: string | undefined
  factsOf?: string | undefined
}

import { Flags } from '@oclif/core'
import { RescueError } from '../errors/rescue-error.ts'

/** Of every command. */
export const baseFlags = {
  config: Flags.string({ summary: 'configuration file', helpValue: 'FILE', helpGroup: 'GLOBAL' }),
  name: Flags.string({ summary: "the Kubernetes cluster's name", helpValue: 'CLUSTER', helpGroup: 'GLOBAL' }),
  state: Flags.string({ summary: 'the state store, s3://… or file:///…', helpValue: 'URL', helpGroup: 'GLOBAL' }),
  verbose: Flags.boolean({ summary: 'show every call to nodes and stores', helpGroup: 'GLOBAL' }),
  'work-dir': Flags.string({ summary: 'where journals and data are kept', helpValue: 'DIR', helpGroup: 'GLOBAL' }),
}

export const etcdClusterFlag = {
  'etcd-cluster': Flags.string({ summary: 'main, events, cilium or leases', helpValue: 'NAME', default: 'main' }),
}

/** Of every command that changes anything. */
export const changingFlags = {
  'dry-run': Flags.boolean({ summary: 'read everything, change nothing, show what would be done' }),
  yes: Flags.boolean({ char: 'y', summary: 'answer questions with yes, but never the typing of the name' }),
  confirm: Flags.string({ summary: "what would be typed: the cluster's name", helpValue: 'CLUSTER' }),
}

/** Of every command that takes the lock of an etcd cluster. */
export const lockFlags = {
  'break-lock': Flags.boolean({ summary: "go on although another operator's run holds the lock" }),
  'without-lock': Flags.boolean({ summary: 'go on where the store has no conditional writes, and can hold no lock' }),
}

/** Of every command that runs steps and takes the lock of an etcd cluster for it. */
export const runFlags = {
  ...changingFlags,
  ...etcdClusterFlag,
  ...lockFlags,
}

/** Of every command that runs an etcd on this machine. */
export const etcdBinFlag = {
  'etcd-bin-dir': Flags.string({
    summary: 'where etcd is on this machine, or one directory a version; default: tools.etcdBinDir, PATH, a download',
    helpValue: 'DIR',
  }),
}

export const setFlag = {
  set: Flags.string({ summary: 'an input of the runbook; again for more', helpValue: 'KEY=VALUE', multiple: true }),
}

/** `--set a=b --set c=d`; `USAGE` for anything else. */
export function parseSet(given: readonly string[] | undefined): Record<string, string> {
  const pairs = (given ?? []).map((text): [string, string] => {
    const at = text.indexOf('=')
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
    throw new RescueError('USAGE', `--set ${JSON.stringify(text)} is not KEY=VALUE`, { hint: 'write --set key=value' })
  })
  return Object.fromEntries(pairs)
}

/** Of every argument that is a SOURCE. */
export const sourceDescription = 'a path, ssh://NODE/PATH, s3://…/BACKUP, or NODE:TOKEN as scan prints it'

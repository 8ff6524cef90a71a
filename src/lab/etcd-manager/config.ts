import { readFileSync } from 'node:fs'
import type { EtcdRelease } from '../../ports/etcd.ts'
import type { S3Access } from '../store.ts'

/** What the double is told at its start; the lab writes it, the double's process reads it. */
export interface ManagerConfig {
  clusterName: string
  /** This node's name within etcd: `etcd-a`. */
  nodeName: string
  address: string
  ports: { client: number; peer: number; quarantine: number; grpc: number }
  /** The volume: `data/`, `data-trashcan/`, `pki/`, `state`, `myid` (FACTS 1). */
  volume: string
  tmp: string
  /** PEM files: `clients-ca.crt`, `peers-ca.crt`, `server.{crt,key}`, `peer.{crt,key}`, `client.{crt,key}`. */
  pkiDir: string
  backupStore: string
  /** Where the control planes' peers answer: `address:port`, this one among them. */
  peers: string[]
  /** Shared by the doubles, so that only they talk to each other. */
  secret: string
  /** One loop, in seconds: 10 in life. */
  loopSeconds: number
  backupSeconds: number
  /** The versions that "are in the image", by version. */
  releases: Record<string, EtcdRelease>
  /** How many keys a restore copies at once: 1 in life, more when time is bent. */
  copyAtOnce: number
  /** Whether it replaces the member of a peer whose disk is empty: since v3.0.20260531. */
  replacesEmptyDisks: boolean
  /** While this file is there, a leader that has prepared its peers removes it and dies before it starts them. */
  leaderFault: string
  s3: S3Access | null
}

export function readConfig(path: string): ManagerConfig {
  return JSON.parse(readFileSync(path, 'utf8')) as ManagerConfig
}

import { rm } from 'node:fs/promises'
import { digestClient } from '../../digest/index.ts'
import type { StepContext } from '../../engine/step.ts'
import type { EtcdRelease, RestoreOptions } from '../../ports/etcd.ts'
import type { Facts } from '../facts.ts'

interface Trial {
  release: EtcdRelease
  /** A snapshot with its SHA-256. */
  file: string
  /** How many keys it should have, for the progress. */
  keys: number
  options?: RestoreOptions
}

/** Restores a snapshot on this machine, runs an etcd on it and reads every key and value: what the cluster will hold. */
export async function tryRestore(
  { world, signal, progress }: StepContext<unknown, unknown>,
  { release, file, keys: wanted, options = {} }: Trial,
): Promise<Facts['expected']> {
  const dataDir = world.scratch.peek('trial')
  await rm(dataDir, { recursive: true, force: true })
  await world.etcd.restore(release, file, dataDir, { ...options, signal })
  const member = await world.etcd.start(release, dataDir, { signal })
  try {
    const { revision } = await member.client.status()
    const onKeys = (done: number) => progress('keys', done, wanted, 'keys')
    const { keys, digest, bytes } = await digestClient(member.client, { signal, onKeys })
    return { keys, digest, revision, dataDir, minor: release.minor, dataBytes: bytes }
  } finally {
    await member.stop()
  }
}

import { rm } from 'node:fs/promises'
import { digestClient } from '../../digest/index.ts'
import type { StepContext } from '../../engine/step.ts'
import type { EtcdRelease, RestoreOptions } from '../../ports/etcd.ts'
import type { Facts } from '../facts.ts'
import { onFreshCopy } from './fresh-copy.ts'
import { startCopy } from './start-copy.ts'

interface Trial {
  release: EtcdRelease
  /** A snapshot with its SHA-256. */
  file: string
  /** How many keys it should have, for the progress. */
  keys: number
  options?: RestoreOptions
}

/** Restores a snapshot on this machine, runs an etcd on it and reads every key and value: what the cluster will hold. */
export function tryRestore(context: StepContext<unknown, unknown>, trial: Trial): Promise<Facts['expected']> {
  return onFreshCopy(() => tryOnce(context, trial))
}

async function tryOnce(
  { world, signal, progress }: StepContext<unknown, unknown>,
  { release, file, keys: wanted, options = {} }: Trial,
): Promise<Facts['expected']> {
  const dataDir = world.scratch.peek('trial')
  await rm(dataDir, { recursive: true, force: true })
  await world.etcd.restore(release, file, dataDir, { ...options, signal })
  const member = await startCopy(world, release, dataDir, { signal })
  try {
    const { revision, dbSizeBytes, dbSizeInUseBytes } = await member.client.status()
    const sizeOf = { size: { bytes: dbSizeBytes, inUseBytes: dbSizeInUseBytes } }
    const onKeys = (done: number) => progress('keys', done, wanted, 'keys')
    const { keys, digest, bytes } = await digestClient(member.client, { signal, onKeys })
    return { keys, digest, revision, dataDir, minor: release.minor, dataBytes: bytes, ...sizeOf }
  } finally {
    await member.stop()
  }
}

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { stringify } from 'yaml'
import { CONFIG_FILE, type Config, exampleConfig } from '../config/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'

/** Writes a first configuration; an existing file is a `PRECONDITION`, never overwritten. */
export async function initConfig(session: Session, named?: string): Promise<{ file: string; written: boolean }> {
  const { cwd, env } = session.sources
  const name = session.sources.name ?? env.KOPS_CLUSTER_NAME
  const state = session.sources.state ?? env.KOPS_STATE_STORE
  const file = resolve(cwd, named ?? CONFIG_FILE)
  if (session.dryRun) return { file, written: false }
  try {
    await writeFile(file, exampleConfig(name || undefined, state || undefined), { flag: 'wx' })
    return { file, written: true }
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const why = exists ? 'it exists already' : cause instanceof Error ? cause.message : String(cause)
    throw new RescueError(exists ? 'PRECONDITION' : 'LOCAL_FILE', `cannot write ${file}: ${why}`, {
      hint: 'name another file: etcd-rescue config init FILE',
      cause,
    })
  }
}

/** What is in effect. The configuration holds no secrets: keys and credentials stay in files and variables. */
export async function showConfig(session: Session): Promise<{ config: Config; yaml: string }> {
  const config = await loadSettings(session)
  return { config, yaml: stringify(config).trimEnd() }
}

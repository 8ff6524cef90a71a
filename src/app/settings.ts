import { resolve } from 'node:path'
import { type Config, loadConfig } from '../config/index.ts'
import type { Session } from './session.ts'

/** The configuration in effect for a command; what the operator should know about it goes to stderr. */
export async function loadSettings(session: Session): Promise<Config> {
  const config = await loadConfig(session.sources)
  if (!session.json) for (const warning of config.warnings) process.stderr.write(`warning: ${warning}\n`)
  return session.workDir === undefined ? config : { ...config, workDir: resolve(session.sources.cwd, session.workDir) }
}

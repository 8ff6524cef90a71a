import { resolve } from 'node:path'
import { type Config, loadConfig } from '../config/index.ts'
import type { Session } from './session.ts'

/** The configuration in effect for a command; what the operator should know about it goes to stderr. */
export async function loadSettings(session: Session): Promise<Config> {
  const config = await loadConfig(session.sources)
  for (const warning of config.warnings) process.stderr.write(`warning: ${warning}\n`)
  const { etcdBinDir, sources } = session
  const workDir = session.workDir === undefined ? config.workDir : resolve(sources.cwd, session.workDir)
  const { tidyUp } = await import('./leftovers.ts')
  await tidyUp(workDir, session.dryRun, (line) => process.stderr.write(`note: ${line}\n`))
  return {
    ...config,
    workDir,
    ...(etcdBinDir === undefined ? {} : { tools: { ...config.tools, etcdBinDir: resolve(sources.cwd, etcdBinDir) } }),
  }
}

import { resolve } from 'node:path'
import { type Config, loadConfig } from '../config/index.ts'
import type { Session } from './session.ts'

/**
 * The configuration in effect for a command; what the operator should know about it goes to stderr. `keep`: an earlier run
 * whose results the command goes on with.
 */
export async function loadSettings(session: Session, { keep }: { keep?: string | undefined } = {}): Promise<Config> {
  const config = await loadConfig(session.sources)
  for (const warning of config.warnings) process.stderr.write(`warning: ${warning}\n`)
  const { etcdBinDir, sources } = session
  const workDir = session.workDir === undefined ? config.workDir : resolve(sources.cwd, session.workDir)
  const { tidyUp } = await import('./leftovers.ts')
  await tidyUp(workDir, { dryRun: session.dryRun, keep }, (line) => process.stderr.write(`note: ${line}\n`))
  return {
    ...config,
    workDir,
    ...(etcdBinDir === undefined ? {} : { tools: { ...config.tools, etcdBinDir: resolve(sources.cwd, etcdBinDir) } }),
  }
}

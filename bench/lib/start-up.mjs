// How long `etcd-rescue --version` takes against an empty node.
import { join } from 'node:path'
import { run } from './process.mjs'
import { spread } from './table.mjs'

const TIMES = 15

/** The two alternate, so that a busy machine slows both. */
export async function startUp(packageDir) {
  const seconds = { version: [], node: [] }
  for (let i = 0; i < TIMES; i += 1) {
    seconds.version.push((await run([process.execPath, join(packageDir, 'bin/run.js'), '--version'])).seconds)
    seconds.node.push((await run([process.execPath, '-e', '0'])).seconds)
  }
  return { versionMs: spread(seconds.version).median * 1000, nodeMs: spread(seconds.node).median * 1000 }
}

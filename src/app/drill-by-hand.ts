import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Incident, Lab } from '../lab/index.ts'
import { shellQuote, shellWord } from '../shell/quote.ts'
import type { ByHandResult } from '../ui/run-result.ts'
import { many } from '../words/numbers.ts'
import { packageRoot } from './package-root.ts'
import { signals } from './signals.ts'

/**
 * Hands the broken sandbox to the operator, who types `recover` in another terminal, until Ctrl-C here. The variables
 * that it needs are in a file, since an S3 key on a command line is seen by everybody on the machine. The same file puts
 * this very program on the PATH: after `npm start` in a clone there is none.
 */
export async function handOver(lab: Lab, { expected }: Incident, note: (line: string) => void): Promise<void> {
  const envFile = join(lab.dir, 'env.sh')
  const bin = await ownBin(lab.dir)
  const lines = Object.entries(lab.env).map(([name, value]) => `export ${name}=${shellWord(value)}`)
  lines.push(`export PATH=${shellWord(bin)}:"$PATH"`)
  await writeFile(envFile, `${lines.join('\n')}\n`, { mode: 0o600 })
  note(`${many(expected.keys, 'key')} are gone. Bring them back; in another terminal type:`)
  note(`  . ${shellWord(envFile)}`)
  note(`  etcd-rescue recover --config ${shellWord(lab.configFile)}`)
  note(`The cluster's name is ${lab.cluster}. Ctrl-C here compares every key and removes the sandbox.`)
  await stopped()
}

/** A folder with `etcd-rescue` in it, which is what runs now. */
async function ownBin(dir: string): Promise<string> {
  const bin = join(dir, 'bin')
  await mkdir(bin, { mode: 0o700, recursive: true })
  const program = shellQuote([process.execPath, join(packageRoot(), 'bin', 'run.js')])
  await writeFile(join(bin, 'etcd-rescue'), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o700 })
  return bin
}

/** Only a person ends a rehearsal; an hour without anyone ends it as well. */
const LONGEST_MS = 60 * 60_000

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, LONGEST_MS)
    for (const signal of signals) process.on(signal, done)
    function done() {
      clearTimeout(timer)
      for (const signal of signals) process.off(signal, done)
      resolve()
    }
  })
}

export function toByHandResult(
  lab: Lab,
  incident: ByHandResult['incident'],
  compared: ByHandResult['compared'],
): ByHandResult {
  return { status: compared.digestMatches ? 'recovered' : 'not-recovered', cluster: lab.cluster, incident, compared }
}

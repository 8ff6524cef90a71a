import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Incident, Lab } from '../lab/index.ts'
import type { ByHandResult } from '../ui/run-result.ts'
import { signals } from './signals.ts'

/**
 * Hands the broken sandbox to the operator, who types `recover` in another terminal, until Ctrl-C here. The variables
 * that it needs are in a file, since an S3 key on a command line is seen by everybody on the machine.
 */
export async function handOver(lab: Lab, { expected }: Incident, note: (line: string) => void): Promise<void> {
  const envFile = join(lab.dir, 'env.sh')
  const lines = Object.entries(lab.env).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
  await writeFile(envFile, `${lines.join('\n')}\n`, { mode: 0o600 })
  note(`${expected.keys} keys are gone. Bring them back; in another terminal type:`)
  note(`  . ${envFile}`)
  note(`  etcd-rescue recover --config ${lab.configFile}`)
  note(`The cluster's name is ${lab.cluster}. Ctrl-C here compares every key and removes the sandbox.`)
  await stopped()
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

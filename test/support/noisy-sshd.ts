import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Noise } from '../../src/adapters/memory/host-noise.ts'
import { type Sshd, startSshd } from './sshd.ts'

/** A real sshd whose every command goes through a shell that says something of its own, or runs nothing, or breaks off. */
export async function startNoisySshd(noise: Noise): Promise<Sshd> {
  const dir = mkdtempSync(join(tmpdir(), 'rescue-noise-'))
  chmodSync(dir, 0o755)
  const shell = join(dir, 'shell')
  writeFileSync(shell, scriptOf(noise), { mode: 0o755 })
  const sshd = await startSshd({ config: [`ForceCommand ${shell}`] })
  return {
    ...sshd,
    stop: async () => {
      await sshd.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function scriptOf({ before = '', after = '', stderr = '', isMute = false, cutAt }: Noise): string {
  const say = (text: string) => `printf %s ${quoted(text)}`
  const work = '/bin/sh -c "$SSH_ORIGINAL_COMMAND"'
  const run = isMute ? ['exit 0'] : cutAt === undefined ? [work, 'c=$?'] : [`${work} | head -c ${cutAt}; exit 0`]
  const lines = ['#!/bin/sh', `${say(stderr)} >&2`, say(before), ...run, say(after), 'exit $c']
  return `${lines.join('\n')}\n`
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

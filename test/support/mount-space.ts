import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { MemoryScript } from '../../src/adapters/memory/host.ts'

/** Why there can be no mounts of a test's own here, or undefined when there can. */
export const mountsMissing = whyNoMounts()

function whyNoMounts(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount'
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'this machine does not allow mount namespaces'
  }
}

/** A mount namespace that only this test sees; it ends with the test, and all its mounts with it. */
export async function mountSpace() {
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'echo up; exec cat'])
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  const within = (argv: readonly string[]) => ['--mount', `--target=${holder.pid}`, '--', ...argv]
  return {
    /** Runs a command there that must succeed. */
    run: (...argv: string[]) => execFileSync('nsenter', within(argv), { encoding: 'utf8' }).trim(),
    /** As what a node's commands run in; containers and units are somebody else's. */
    script: ((argv, stdin) => {
      if (['crictl', 'systemctl', 'true'].includes(argv[0] ?? '')) return undefined
      const { status, stdout, stderr } = spawnSync('nsenter', within(argv), { input: stdin, maxBuffer: 64 << 20 })
      return { code: status ?? 127, stdout: stdout ?? Buffer.alloc(0), stderr: String(stderr ?? '') }
    }) satisfies MemoryScript,
  }
}

import { spawnTied, started } from '../spawn.ts'

/** Runs an etcd tool to its end, its output into the log. Rejects on a non-zero exit. */
export async function runTool(argv: [string, ...string[]], timeoutMs = 120_000): Promise<void> {
  const env = { ...process.env, ETCDCTL_API: '3' }
  const child = await started(spawnTied(argv, { stdio: ['ignore', 'inherit', 'inherit'], env }))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  if (code !== 0) throw new Error(`${argv[0].split('/').at(-1)} ${argv[1]} ${argv[2]} returned a non-zero exit code`)
}

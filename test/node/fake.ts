import { execFileSync, spawnSync } from 'node:child_process'
import { type MemoryHost, type MemoryScript, memoryHost } from '../../src/adapters/memory/host.ts'

/** A host whose answers come from a table first; what is not in it runs on this machine, as on a node without SSH. */
export function localHost(script: MemoryScript = () => undefined, root = '/'): MemoryHost {
  return memoryHost({
    name: 'a',
    root,
    script: (argv, stdin) => script(argv, stdin) ?? runHere(argv, stdin),
  })
}

function runHere([program = '', ...args]: readonly string[], stdin: Buffer) {
  const { status, stdout, stderr } = spawnSync(program, args, { input: stdin, maxBuffer: 64 << 20 })
  return { code: status ?? 127, stdout: stdout ?? Buffer.alloc(0), stderr: String(stderr ?? '') }
}

export function sha256sum(file: string): string {
  return execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64)
}

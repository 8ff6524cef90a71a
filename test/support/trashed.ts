import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Incident, Lab } from '../../src/lab/index.ts'

const TRASHCAN = 'mnt/master-vol-main/data-trashcan'

/** SHA-256 and mtime of every file below these directories. */
export function digestsOf(
  roots: readonly string[],
  isLeftOut: (path: string) => boolean = () => false,
): Record<string, string> {
  const found: Record<string, string> = {}
  const walk = (path: string) => {
    if (isLeftOut(path)) return
    const info = statSync(path)
    if (info.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name))
    else if (info.isFile())
      found[path] = `${createHash('sha256').update(readFileSync(path)).digest('hex')} ${info.mtimeMs}`
  }
  for (const root of roots) walk(root)
  return found
}

/** Digests of the originals: what the incident threw away. */
export function originalsOf(lab: Lab, { trashed }: Incident): Record<string, string> {
  const dirs = Object.entries(trashed).flatMap(([node, tokens]) => tokens.map((token) => trashDir(lab, node, token)))
  return digestsOf(dirs)
}

export function rootOf(lab: Lab, node: string): string {
  const found = lab.nodes.find(({ name }) => name === node)
  if (!found) throw new Error(`no node ${node}`)
  return found.root
}

export function trashDir(lab: Lab, node: string, token: string): string {
  return join(rootOf(lab, node), TRASHCAN, token)
}

/** One more copy in a node's trashcan, to be damaged: the originals stay as they are. */
export function extraCopy(lab: Lab, { trashed }: Incident, node: string, token: string) {
  const [original = ''] = trashed[node] ?? []
  const dir = trashDir(lab, node, token)
  cpSync(trashDir(lab, node, original), dir, { recursive: true })
  const wal = join(dir, 'member/wal')
  return {
    id: `${node}:${token}`,
    dir,
    db: join(dir, 'member/snap/db'),
    wals: () =>
      readdirSync(wal)
        .filter((name) => name.endsWith('.wal'))
        .sort()
        .map((name) => join(wal, name)),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

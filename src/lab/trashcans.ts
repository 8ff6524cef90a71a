import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from './lab.ts'
import { pathsOf } from './layout.ts'

/** Tokens in the trashcan of each control-plane node; a new disk has no trashcan. */
export async function trashedOn(lab: Lab): Promise<Record<string, string[]>> {
  const tokens: Record<string, string[]> = {}
  for (const node of lab.nodes) {
    if (node.role !== 'control-plane') continue
    const trashcan = trashcanOf(node)
    tokens[node.name] = existsSync(trashcan) ? await readdir(trashcan) : []
  }
  return tokens
}

/** The directories themselves. */
export async function trashedDirs(lab: Lab): Promise<string[]> {
  const tokens = await trashedOn(lab)
  return lab.nodes.flatMap((node) => (tokens[node.name] ?? []).map((token) => join(trashcanOf(node), token)))
}

export const trashcanOf = (node: Lab['nodes'][number]): string => join(pathsOf(node).mainVolume, 'data-trashcan')

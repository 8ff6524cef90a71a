import type { Move } from '../../node/moves.ts'
import type { Seat } from '../facts.ts'

export interface Listing {
  /** Names below `data/` and `data-trashcan/`. */
  data: readonly string[]
  trashcan: readonly string[]
  /** Names in `data/` that are links, or that something is mounted on: they stay where they are. */
  fixed?: readonly string[]
  /** The trashcan is on another mount than `data/`: nothing can be renamed into it. */
  isApart?: boolean
}

type Volume = Pick<Seat, 'base' | 'source'>

/**
 * The renames on one volume that leave the wanted directory as `data/<token>`: what was served goes to the trashcan, as
 * etcd-manager itself puts it there, then the wanted one comes in. Pure. A name that the trashcan has already gets the
 * run's id. etcd-manager starts nothing but what `state` names, so what cannot leave `data/` may stay there.
 */
export function planMoves({ base, source }: Volume, token: string, found: Listing, runId: string): Move[] {
  const { data, trashcan, fixed = [], isApart = false } = found
  const target = `${base}/data/${token}`
  const out = data
    .filter((name) => `${base}/data/${name}` !== source)
    .filter((name) => name === token || !(isApart || fixed.includes(name)))
    .map((name) => {
      if (isApart) return { from: `${base}/data/${name}`, to: `${base}/data/${name}.${runId}` }
      const isTaken = trashcan.includes(name) || `${base}/data-trashcan/${name}` === source
      return { from: `${base}/data/${name}`, to: `${base}/data-trashcan/${isTaken ? `${name}.${runId}` : name}` }
    })
  return source === undefined || source === target ? out : [...out, { from: source, to: target }]
}

interface Strayed {
  /** As it was made before the first rename, and what it left in `data/`. */
  plan: readonly Move[]
  left: readonly string[]
  /** What is there now, and which of the plan's paths. */
  now: Listing
  there: ReadonlySet<string>
}

/**
 * What a node that started again in the middle has made anew in `data/`, under a name that a rename needs: etcd-manager was
 * told of a directory that had gone, and made an empty one. It goes out of the way, to a name of its own. Pure.
 */
export function strayMoves({ base, source }: Volume, token: string, seen: Strayed, runId: string): Move[] {
  const { plan, left, now, there } = seen
  const isBoth = (path: string) =>
    plan.some(({ from, to }) => (from === path || to === path) && there.has(from) && there.has(to))
  const isKnown = (path: string) => plan.some(({ from, to }) => from === path || to === path)
  const isOwn = (name: string) => left.includes(name) || (name === token && source === `${base}/data/${token}`)
  const strays = now.data.filter((name) => {
    const path = `${base}/data/${name}`
    return isBoth(path) || !(isKnown(path) || isOwn(name))
  })
  const dir = now.isApart ? 'data' : 'data-trashcan'
  const taken = new Set([...now.data, ...now.trashcan])
  return strays.map((name) => ({ from: `${base}/data/${name}`, to: `${base}/${dir}/${freeName(name, runId, taken)}` }))
}

function freeName(name: string, runId: string, taken: ReadonlySet<string>): string {
  for (let at = 1; ; at++) if (!taken.has(`${name}.${runId}.${at}`)) return `${name}.${runId}.${at}`
}

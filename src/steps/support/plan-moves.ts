import type { Move } from '../../node/moves.ts'
import type { Seat } from '../facts.ts'

interface Listing {
  /** Names below `data/` and `data-trashcan/`. */
  data: readonly string[]
  trashcan: readonly string[]
}

/**
 * The renames on one volume that leave one directory in `data/`: what was served goes to the trashcan, as etcd-manager
 * itself puts it there, then the wanted one comes in. Pure. A name that the trashcan has already gets the run's id.
 */
export function planMoves(
  { base, source }: Pick<Seat, 'base' | 'source'>,
  token: string,
  found: Listing,
  runId: string,
): Move[] {
  const target = `${base}/data/${token}`
  const out = found.data
    .filter((name) => `${base}/data/${name}` !== source)
    .map((name) => {
      const free =
        found.trashcan.includes(name) || `${base}/data-trashcan/${name}` === source ? `${name}.${runId}` : name
      return { from: `${base}/data/${name}`, to: `${base}/data-trashcan/${free}` }
    })
  return source === undefined || source === target ? out : [...out, { from: source, to: target }]
}

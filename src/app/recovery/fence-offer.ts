import { liveKv } from '../../bolt/index.ts'
import type { Prompter } from '../../ports/prompter.ts'
import type { Proposal } from '../../recovery/proposal.ts'
import { many } from '../../words/numbers.ts'
import type { Session } from '../session.ts'
import { withSource } from '../sources/index.ts'
import { KINDS, type Kind, type Served } from './served.ts'

type Counts = Record<Kind, number>

/**
 * The first offer of an incident. An API server that serves an empty cluster makes kubelets and controllers delete what
 * is really running (kubernetes/kubernetes 38918), so it is better none. Says what is served now, and what the copy
 * holds, so that the operator understands why.
 */
export async function offerFence(
  session: Session,
  prompter: Prompter,
  { served, best }: { served: Served | undefined; best: Proposal },
): Promise<boolean> {
  if (served === undefined) return false
  // with --yes nobody reads the question
  const held = session.yes ? undefined : await countedIn(session, best)
  const than =
    held === undefined
      ? `where ${best.source?.id} holds about ${many(best.source?.records ?? 0, 'record')}`
      : `where ${best.source?.id} holds ${said(held)}`
  const question =
    `The API servers serve ${said(served.kinds)}, ${than}. Kubelets and controllers believe them, and delete what ` +
    'really runs (kubernetes/kubernetes 38918). Stop the API servers now, until the data is verified?'
  return prompter.confirm(question, { flag: '--yes', default: true })
}

const said = ({ nodes, pods, namespaces }: Counts) =>
  `${many(nodes, 'node')}, ${many(pods, 'pod')} and ${many(namespaces, 'namespace')}`

/** Counting reads a whole database over SSH; a large one would keep the operator from fencing. */
const MOST_MS = 20_000

async function countedIn(session: Session, { etcdCluster, source }: Proposal): Promise<Counts | undefined> {
  if (source?.node === undefined) return undefined
  try {
    return await withSource(session, { source: source.id, etcdCluster }, async ({ db }, { signal }) => {
      const counts: Counts = { nodes: 0, pods: 0, namespaces: 0 }
      const limit = AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)])
      for await (const { key } of liveKv(db, { signal: limit })) {
        const text = key.toString('latin1')
        for (const kind of Object.keys(KINDS) as Kind[]) if (text.startsWith(KINDS[kind])) counts[kind]++
      }
      return counts
    })
  } catch {
    // a number in a question: nothing that is worth to stop for
    return undefined
  }
}

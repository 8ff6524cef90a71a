import { findRunbook } from '../../src/app/runbooks.ts'
import { planRunbook } from '../../src/runbook/index.ts'
import { registry } from '../../src/steps/registry.ts'

/** The steps of a runbook in its order, as it is planned without any input, and whether each runs. */
export async function stepsOf(name: string): Promise<{ id: string; runs: boolean }[]> {
  const target = { cluster: 'a.example.com', etcdCluster: 'main' }
  const { items } = planRunbook(await findRunbook(name), registry, target, {})
  return items.map(({ id, skip }) => ({ id, runs: skip === undefined }))
}

import { findRunbook } from '../../src/app/runbooks.ts'
import { planRunbook } from '../../src/runbook/index.ts'
import { registry } from '../../src/steps/registry.ts'

/**
 * The steps of a runbook in its order, as it is planned without any input, and whether each runs. `hangsOnFact`: only the run
 * itself finds out. `changes`: it changes something outside this machine.
 */
export async function stepsOf(
  name: string,
): Promise<{ id: string; runs: boolean; hangsOnFact: boolean; changes: boolean }[]> {
  const target = { cluster: 'a.example.com', etcdCluster: 'main' }
  const { items } = planRunbook(await findRunbook(name), registry, target, {})
  return items.map(({ id, skip, when }) => {
    const effect = registry.steps.get(id)?.effect ?? 'change'
    const changes = effect !== 'read' && effect !== 'local'
    return { id, runs: skip === undefined, hangsOnFact: when !== undefined, changes }
  })
}

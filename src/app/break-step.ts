import type { Registry } from '../engine/step.ts'
import { RescueError } from '../errors/rescue-error.ts'

/** The same steps, of which one fails the first time it acts: for rehearsing `runs resume`. */
export function breaking(registry: Registry, id: string): Registry {
  const step = registry.steps.get(id)
  if (step === undefined) {
    const hint = `steps are: ${[...registry.steps.keys()].join(', ')}`
    throw new RescueError('USAGE', `--break ${id}: there is no such step`, { hint })
  }
  let broken = false
  const act: typeof step.act = async (context) => {
    if (broken) return step.act(context)
    broken = true
    throw new RescueError('STEP_FAILED', `${id} was broken on purpose (--break)`, {
      hint: 'the drill resumes by itself',
    })
  }
  return { ...registry, steps: new Map(registry.steps).set(id, { ...step, act }) }
}

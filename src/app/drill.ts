import { EXIT } from '../errors/table.ts'
import type { CompareResult } from '../ui/drill-compare.ts'
import { drillOnce } from './drill-once.ts'
import { type DrillOptions, methodsToCompare, parseDrill } from './drill-options.ts'
import type { ByHandResult, DrillResult, Outcome } from './result.ts'
import type { Session } from './session.ts'

/**
 * The whole incident on this machine, and its recovery by the same runbook through the same code as `recover`; then a
 * comparison that does not trust the runbook's own. Leaves nothing behind unless `keep`.
 */
export function drill(session: Session, options: DrillOptions): Promise<Outcome<DrillResult | ByHandResult>> {
  return drillOnce(session, parseDrill(options))
}

/** The incident once for each method, with the same data, each in a sandbox of its own; one after the other. */
export async function drillCompare(session: Session, options: DrillOptions): Promise<Outcome<CompareResult>> {
  const parsed = parseDrill(options)
  const note = (line: string) => session.screen.listen({ type: 'note', step: '', line })
  const { methods, impossible } = methodsToCompare(parsed.lostNodes)
  for (const { method, why } of impossible) note(`${method} is left out: ${why}`)
  const results: DrillResult[] = []
  const exitCodes: number[] = []
  for (const method of methods) {
    note(`the incident, and ${method}`)
    const { value, exitCode } = await drillOnce(session, { ...parsed, method })
    if ('run' in value) results.push(value)
    exitCodes.push(exitCode)
    if (exitCode === EXIT.stopped) break
  }
  // data that is not right weighs more than a run that can be resumed
  return { value: { methods: results, impossible, speed: parsed.labOptions.speed }, exitCode: Math.max(...exitCodes) }
}

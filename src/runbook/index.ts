/** The public face of runbooks: read one, plan it, print the plan. */
export { runbookJsonSchema } from './json-schema.ts'
export { type Checked, checkRunbook, loadRunbook } from './load.ts'
export { renderMarkdown } from './markdown.ts'
export { planRunbook } from './plan.ts'
export type { PlacedProblem } from './problems.ts'
export { renderPlan } from './render.ts'
export type { Confirm, InputSpec, Inputs, Plan, PlanItem, Runbook, RunbookSource, When } from './types.ts'

import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import { ACCEPTED, type Finding } from './support/carried-state.ts'
import type { Disarm } from './support/disarm.ts'
import { lookAtState } from './support/look-at-state.ts'
import { planState } from './support/state-plan.ts'

const inputs = z.strictObject({
  /** As for prove-writes: which alarms are taken back at the end. */
  disarm: z.enum(['ask', 'nospace', 'all', 'no']).default('ask'),
  /** What was agreed to beforehand, with commas between. */
  accept: z.string().default(''),
})
type Inputs = z.infer<typeof inputs>
type Uses = 'copy' | 'restored' | 'placement' | 'seed' | 'backup'
type Ctx = Context<'expected', Inputs, Uses>

type Asked = Extract<Finding, { is: 'asked' }>

/**
 * A restore brings back more than keys: alarms, authentication, a downgrade that was begun, learners, and a size that etcd
 * may have no room for. Told, and asked where a person must say, while nothing is changed yet.
 */
export const checkState = defineStep<'expected', 'state', Inputs, Uses>({
  id: 'check-state',
  title: 'say what state of etcd comes with the data, and ask about it',
  effect: 'read',
  needs: ['expected'],
  uses: ['copy', 'restored', 'placement', 'seed', 'backup'],
  gives: ['state'],
  inputs,
  describe: () => ({
    reads: [
      'alarms, authentication, learners, version and size in the trial on this machine',
      'the quota in the manifest of etcd-manager on every control-plane node; the cluster spec',
    ],
    changes: [],
  }),
  act: async (context) => {
    const { inputs, note } = context
    const accepted = acceptedIn(inputs.accept)
    const findings = planState({ ...(await lookAtState(context)), disarm: inputs.disarm })
    for (const finding of findings) note(finding.is === 'told' ? finding.say : `careful: ${finding.say}`)
    mustNotBeRefused(findings)
    const open = findings.filter((finding): finding is Asked => finding.is === 'asked' && !accepted.has(finding.code))
    await agree(context, open)
    const disarm = inputs.disarm === 'ask' ? agreedTo(open) : inputs.disarm
    return { state: { disarm, makesRoom: findings.some(({ makesRoom }) => makesRoom) } }
  },
})

/** What prove-writes need not ask again. */
function agreedTo(asked: readonly Asked[]): Disarm {
  const isAsked = (code: Asked['code']) => asked.some((finding) => finding.code === code)
  return isAsked('corrupt-alarm') ? 'all' : isAsked('full') ? 'nospace' : 'ask'
}

/** `USAGE` for what is no such state. */
function acceptedIn(list: string): ReadonlySet<string> {
  const codes = list
    .split(',')
    .map((code) => code.trim())
    .filter((code) => code !== '')
  const unknown = codes.find((code) => !ACCEPTED.some((known) => known === code))
  if (unknown === undefined) return new Set(codes)
  throw new RescueError('USAGE', `accept: ${JSON.stringify(unknown.slice(0, 40))} is no state that can be agreed to`, {
    hint: `name some of: ${ACCEPTED.join(', ')}`,
  })
}

function mustNotBeRefused(findings: readonly Finding[]): void {
  for (const finding of findings)
    if (finding.is === 'refused') throw new RescueError(finding.code, finding.say, { hint: finding.hint })
}

/** One after the other; without a terminal all are named together, so that a second try is not refused for the next. */
async function agree({ world }: Ctx, open: readonly Asked[]): Promise<void> {
  const all = flagsFor(open)
  for (const finding of open) {
    const { code, question, default: preset = false } = finding
    // a full database is all that --yes says yes to
    const flag = code === 'full' ? `--yes, or ${all}` : all
    if (await world.prompter.confirm(question, { flag, default: preset })) continue
    throw new RescueError('PRECONDITION', `not agreed to: ${finding.say}`, {
      hint: `nothing was changed; take another copy or method, or agree with ${flagsFor([finding])}`,
    })
  }
}

function flagsFor(open: readonly Asked[]): string {
  const codes = [...new Set(open.map(({ code }) => code))]
  const accept = codes.filter((code) => ACCEPTED.some((known) => known === code))
  const disarm = codes.includes('corrupt-alarm') ? 'all' : codes.includes('full') ? 'nospace' : undefined
  return [
    ...(disarm === undefined ? [] : [`--set disarm=${disarm}`]),
    ...(accept.length === 0 ? [] : [`--set accept=${accept.join(',')}`]),
  ].join(' ')
}

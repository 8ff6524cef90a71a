import type { EngineEvent } from '../engine/events.ts'
import type { Style } from './style.ts'
import { clean, duration } from './text.ts'

type Finished = Extract<EngineEvent, { type: 'run-finished' }>

/**
 * The last screen of a run, for someone who has been up since yesterday: what happened, what is as it was, what is not,
 * and what to type next. Nothing else.
 */
export function finalLines(event: Finished, style: Style): string[] {
  return ['', headline(event, style), ...problem(event, style), ...lists(event, style), '']
}

function headline({ status, seconds, askedSeconds }: Finished, { good, bad, warn, strong }: Style): string {
  const waited = askedSeconds === undefined ? '' : `, and ${duration(askedSeconds)} of waiting for answers`
  const time = `${duration(seconds)}${waited}`
  switch (status) {
    case 'succeeded':
      return good(strong(`Done in ${time}.`))
    case 'failed':
      return bad(strong(`Failed after ${time}.`))
    case 'cancelled':
      return warn(strong(`Stopped after ${time}. Nothing is lost: the run can be resumed.`))
    case 'dry-run':
      return warn(strong(`Dry run, ${time}. Nothing was changed.`))
  }
}

function problem({ status, error }: Finished, { bad }: Style): string[] {
  if (error === undefined || status === 'cancelled') return []
  return ['', `${bad(clean(error.message))}  (${error.code})`, ...indented([error.hint])]
}

function lists({ status, unchanged, changed, next }: Finished, { strong }: Style): string[] {
  const section = (title: string, lines: string[]) =>
    lines.length === 0 ? [] : ['', strong(title), ...indented(lines)]
  const nothing = unchanged.filter((line) => line.startsWith('nothing was changed'))
  const left = unchanged.filter((line) => !nothing.includes(line))
  const failed = status === 'failed' || status === 'cancelled'
  return [
    ...(failed
      ? [...nothing.flatMap((line) => ['', `${line[0]?.toUpperCase()}${line.slice(1)}.`]), ...section('Not done', left)]
      : []),
    ...(failed ? section('Changed', changed) : []),
    ...section('Next', next),
  ]
}

const indented = (lines: string[]) => lines.flatMap((line) => clean(line).split('\n')).map((line) => `  ${line}`)

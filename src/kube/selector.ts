import { RescueError } from '../errors/rescue-error.ts'

export type Selector = (labels: Readonly<Record<string, string>>) => boolean

const KEY = String.raw`[A-Za-z0-9][\w./-]{0,316}`
const VALUE = String.raw`[\w.-]{0,63}`
const patterns = {
  set: new RegExp(String.raw`^(${KEY})\s+(in|notin)\s+\(([^()]*)\)$`),
  equality: new RegExp(String.raw`^(${KEY})\s*(==|=|!=)\s*(${VALUE})$`),
  existence: new RegExp(`^(!?)\\s*(${KEY})$`),
}

/**
 * A label selector as kubectl takes it: `a=b,c!=d,key,!key,k in (a,b),k notin (c)`, all of which must hold. `USAGE` for
 * what is none.
 */
export function parseSelector(text: string): Selector {
  const requirements = text.split(/,(?![^(]*\))/).map((part) => parseRequirement(part.trim(), text))
  return (labels) => requirements.every((holds) => holds(labels))
}

function parseRequirement(part: string, text: string): Selector {
  const [, setKey = '', operator, list = ''] = patterns.set.exec(part) ?? []
  if (operator !== undefined) {
    const values = new Set(list.split(',').map((value) => value.trim()))
    const isIn = (labels: Readonly<Record<string, string>>) => values.has(labelOf(labels, setKey) ?? '\0')
    return operator === 'in' ? isIn : (labels) => !isIn(labels)
  }
  const [, key = '', sign, value = ''] = patterns.equality.exec(part) ?? []
  if (sign !== undefined) {
    return sign === '!=' ? (labels) => labelOf(labels, key) !== value : (labels) => labelOf(labels, key) === value
  }
  const [, not, present] = patterns.existence.exec(part) ?? []
  if (present !== undefined) return (labels) => (labelOf(labels, present) !== undefined) === (not === '')
  throw new RescueError(
    'USAGE',
    `--selector ${JSON.stringify(text.slice(0, 200))} cannot be read at ${JSON.stringify(part.slice(0, 100))}`,
    {
      hint: "write it as for kubectl: 'key=value,other!=value,key,!key,key in (a,b)'",
    },
  )
}

const labelOf = (labels: Readonly<Record<string, string>>, key: string) =>
  Object.hasOwn(labels, key) ? labels[key] : undefined

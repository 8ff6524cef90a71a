import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { registry } from '../../src/steps/registry.ts'
import { HOLE, type Literal, literals, root, runbookTexts, typedInPages } from './support.ts'

type Surface = Record<string, { flags: Record<string, string> }>

/** test/commands/surface.test.ts holds it to the real commands. */
const surface = JSON.parse(readFileSync(join(root, 'test/golden/commands.json'), 'utf8')) as Surface
const everyFlag = new Set(Object.values(surface).flatMap(({ flags }) => Object.keys(flags)))
const GLOBAL = new Set(['help', 'version'])

const inputsOf = new Map(
  readdirSync(join(root, 'runbooks')).map((file) => {
    const { inputs } = parse(readFileSync(join(root, 'runbooks', file), 'utf8')) as { inputs?: object }
    return [file.replace(/\.yaml$/, ''), new Set(Object.keys(inputs ?? {}))]
  }),
)
const everyInput = new Set([...inputsOf.values()].flatMap((names) => [...names]))

/** Titles of our schemas: no commands. */
const TITLES = new Set(['etcd-rescue configuration', 'etcd-rescue runbook'])

/** From one `etcd-rescue ` to where its sentence or command ends. */
const typed = (text: string) =>
  [...text.matchAll(/\betcd-rescue +((?:\.(?! )|[^;,()`|#\n.])+)/g)].map(([, tail = '']) => tail)

/** What is wrong with a command as it is told, if anything. */
function fault(tail: string): string | undefined {
  const words = tail
    .trim()
    .replace(/[.:?']+$/, '')
    .split(/\s+/)
  const [first = ''] = words
  // what is filled in there is a command's own name, or what was typed
  if (first === HOLE || GLOBAL.has(first.replace(/^--/, ''))) return undefined
  const length = [2, 1].find((count) => surface[words.slice(0, count).join(' ')] !== undefined)
  if (length === undefined) return `there is no command ${words.slice(0, 2).join(' ')}`
  const name = words.slice(0, length).join(' ')
  return faultOfWords(name, words.slice(length))
}

function faultOfWords(name: string, words: string[]): string | undefined {
  const [argument = ''] = words
  const isRunbook = name === 'run' && /^[a-z][a-z-]+$/.test(argument)
  if (isRunbook && !inputsOf.has(argument)) return `there is no runbook ${argument}`
  const inputs = (isRunbook ? inputsOf.get(argument) : undefined) ?? everyInput
  for (const [index, word] of words.entries()) {
    const [, flag, value = words[index + 1] ?? ''] = /^--([a-z][a-z-]*)(?:=(.*))?$/.exec(word) ?? []
    if (flag === undefined) continue
    if (!GLOBAL.has(flag) && surface[name]?.flags[flag] === undefined) return `${name} has no --${flag}`
    if (flag === 'set' && !isInput(value, inputs)) return `no input is called ${value}`
    if (/^(from|only)$/.test(flag) && name !== 'diff' && !isStep(value)) return `there is no step ${value}`
  }
  return undefined
}

const isVariable = (word: string) => word.includes(HOLE) || /^[A-Z]/.test(word)
const isInput = (word: string, inputs: Set<string>) => isVariable(word) || inputs.has(word.split('=')[0] ?? '')
const isStep = (word: string) => isVariable(word) || registry.steps.has(word)

const faults = (all: Literal[]) =>
  all
    .filter(({ text }) => !TITLES.has(text))
    .flatMap(({ where, text }) => typed(text).map((tail) => ({ where, tail, fault: fault(tail) })))
    .filter((found) => found.fault !== undefined)

describe('what people are told to type', () => {
  it('is a command of ours with its flags, in every hint and on every screen', () => {
    expect(faults(literals())).toEqual([])
  })

  it('also in the runbooks', () => expect(faults(runbookTexts())).toEqual([]))

  it('also in the README and the docs', () => expect(faults(typedInPages())).toEqual([]))

  it('finds what is none', () => {
    expect(fault('doctor')).toMatch(/no command doctor/)
    expect(fault('control commands')).toMatch(/no command/)
    expect(fault('run rebuild')).toMatch(/no runbook rebuild/)
    expect(fault('scan --etcd-bin-dir DIR')).toMatch(/no --etcd-bin-dir/)
    expect(fault('recover --set nothing=1')).toMatch(/no input/)
    expect(fault('recover --run ID --from nowhere')).toMatch(/no step/)
    expect(fault('runs resume')).toBeUndefined()
  })

  it('names no flag of ours that is none, also without the command', () => {
    const told = literals().filter(({ where }) => !where.startsWith('src/node/'))
    const loose = told.flatMap(({ where, text }) =>
      text
        .split(/[;()]/)
        .filter((part) => / --[a-z]/.test(part) && !FOREIGN.test(part) && !/etcd-rescue /.test(part))
        .flatMap((part) =>
          [...part.matchAll(/(?:^| )--([a-z][a-z-]+)/g)].map(([, flag = '']) => ({ where, flag, part })),
        ),
    )
    expect(loose.filter(({ flag }) => !everyFlag.has(flag) && !GLOBAL.has(flag))).toEqual([])
  })
})

/** Programs that hints tell to type, on a node or here. */
const PROGRAMS =
  'sudo|mkdir|chmod|chown|rm|ls|cp|ssh|ssh-add|aws|systemctl|journalctl|crictl|kill|kubectl|kops|etcdctl|etcdutl|ps|df|stat|fuser'
const FOREIGN = new RegExp(`(?:^|[ (:])(?:${PROGRAMS}) `)

/** Digits, dates and names that were checked before, or whole lines for a shell. */
const PLAIN =
  /^(?:run|runId|run\.run|journal\.header\.run|etcdCluster|ofCluster\(etcdCluster\)|place\.port|line|remaining\.join\(', '\)|id|minor)$/

/** The holes of a command, each with what fills it. */
function holesOfCommands({ text, exprs }: Literal): string[] {
  let seen = 0
  return text.split(/(?<=[;)\n]|[.] )|(?=\()/).flatMap((part) => {
    const start = part.search(
      new RegExp(`(?:^|[(]|: |then |type |Next: )(?:etcd-rescue +[-a-z]|(?:${PROGRAMS}) +[-a-z/.${HOLE}'"])`),
    )
    const before = part.slice(0, Math.max(0, start)).split(HOLE).length - 1
    const holes = part.split(HOLE).length - 1
    const from = seen + before
    seen += holes
    return start === -1 ? [] : exprs.slice(from, seen)
  })
}

describe('a command in a hint', () => {
  it('is quoted for a shell wherever a value stands in it', () => {
    const open = literals()
      .filter(({ where }) => !/^src\/(node|adapters)\/.*(?:script|shell)/.test(where))
      .flatMap((literal) => holesOfCommands(literal).map((expr) => ({ where: literal.where, expr })))
      .filter(({ expr }) => !/^shell(?:Word|Quote)\(/.test(expr) && !PLAIN.test(expr))
    expect(open).toEqual([])
  })
})

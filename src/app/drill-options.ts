import { resolve } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import type { LabOptions, Scenario, SeedOptions } from '../lab/index.ts'
import { SCENARIOS } from '../lab/scenarios/scenarios.ts'
import type { EtcdMinor } from '../ports/etcd.ts'
import { METHODS } from '../recovery/proposal.ts'

/** As typed. */
export interface DrillOptions {
  keys: number
  size?: string | undefined
  store: 's3' | 'file'
  workers: number
  etcdVersion: string
  etcdBinDir?: string | undefined
  etcdManagerBin?: string | undefined
  method?: string | undefined
  /** Control-plane nodes whose disks are lost as well. */
  lostNodes: number
  /** Names of `SCENARIOS`. */
  scenarios?: string[] | undefined
  breakStep?: string | undefined
  speed: string
  keep: boolean
  /** Stop after the incident and let the operator recover. */
  byHand: boolean
}

export interface ParsedDrill {
  labOptions: Omit<LabOptions, 'release' | 'note'> & { speed: number }
  seed: SeedOptions
  minor: EtcdMinor
  /** `auto`, or the name of a runbook. */
  method: string
  lostNodes: number
  scenarios: readonly Scenario[]
  breakStep: string | undefined
  byHand: boolean
}

/** An average Kubernetes object. */
const bytesPerKey = 1200
const units = { '': 1, k: 1e3, m: 1e6, g: 1e9 } as const

/** `USAGE` for what the flags' own types can't tell. */
export function parseDrill(options: DrillOptions): ParsedDrill {
  const { keys, store, workers, keep, lostNodes, breakStep, byHand, etcdBinDir, etcdManagerBin } = options
  // a step to be broken wants a method that is known: the one that has been there from the beginning
  const method = options.method ?? (breakStep === undefined ? 'auto' : 'rebuild-from-trashcan')
  if (method === 'auto' && breakStep !== undefined) throw breakNeedsMethod()
  return {
    labOptions: {
      store,
      workers,
      keep,
      speed: speedOf(options.speed),
      ...(etcdBinDir === undefined ? {} : { etcdBinDir: resolve(etcdBinDir) }),
      ...(etcdManagerBin === undefined ? {} : { etcdManagerBin: resolve(etcdManagerBin) }),
    },
    seed: { keys, sizeBytes: options.size === undefined ? keys * bytesPerKey : bytesOf(options.size), seed: 1 },
    minor: minorOf(options.etcdVersion),
    method,
    lostNodes,
    scenarios: scenariosOf(options.scenarios ?? [], lostNodes),
    breakStep,
    byHand,
  }
}

/** The last disks are the ones that are lost, and the last member is the one that is away. */
function scenariosOf(names: readonly string[], lostNodes: number): Scenario[] {
  const known = names.filter((name): name is Scenario => Object.hasOwn(SCENARIOS, name))
  const other = names.find((name) => !Object.hasOwn(SCENARIOS, name))
  if (other !== undefined) throw wrong('--scenario', other, Object.keys(SCENARIOS).join(', '))
  if (lostNodes > 0 && known.includes('member-away')) {
    throw new RescueError('USAGE', '--lost-nodes takes away the disk of the member that is away', {
      hint: 'give --scenario member-away without --lost-nodes',
    })
  }
  return known
}

/** Which methods can be compared when this many of three nodes have lost the data. */
export function methodsToCompare(lostNodes: number) {
  if (lostNodes < 2) return { methods: [...METHODS], impossible: [] }
  const [first, ...methods] = METHODS
  return { methods, impossible: [{ method: first, why: `${lostNodes} of 3 nodes have lost their directory` }] }
}

function breakNeedsMethod(): RescueError {
  return new RescueError('USAGE', '--break needs to know the steps', {
    hint: 'name the method too, as --method return-in-place',
  })
}

function minorOf(text: string): EtcdMinor {
  const minor = /^v?(3\.\d+)(\.\d+)?$/.exec(text)?.[1]
  if (minor !== undefined) return minor as EtcdMinor
  throw wrong('--etcd-version', text, '3.4, 3.5, 3.6 or 3.7')
}

function bytesOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(text) ?? []
  if (digits === '') throw wrong('--size', text, 'bytes, as 500k, 20M or 1G')
  return Math.round(Number(digits) * units[unit.toLowerCase() as keyof typeof units])
}

function speedOf(text: string): number {
  const speed = Number(text)
  if (speed >= 1 && speed <= 50) return speed
  throw wrong('--speed', text, 'a number from 1 to 50')
}

function wrong(flag: string, value: string, wanted: string): RescueError {
  return new RescueError('USAGE', `${flag} ${JSON.stringify(value)} is not right`, { hint: `${flag} wants ${wanted}` })
}

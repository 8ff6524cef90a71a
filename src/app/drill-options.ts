import { resolve } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import type { LabOptions, SeedOptions } from '../lab/index.ts'
import type { EtcdMinor } from '../ports/etcd.ts'

/** As typed. */
export interface DrillOptions {
  keys: number
  size?: string | undefined
  store: 's3' | 'file'
  workers: number
  etcdVersion: string
  etcdBinDir?: string | undefined
  etcdManagerBin?: string | undefined
  runbook: string
  breakStep?: string | undefined
  speed: string
  keep: boolean
  /** Stop after the incident and let the operator recover. */
  byHand: boolean
}

interface Parsed {
  labOptions: Omit<LabOptions, 'release' | 'note'>
  seed: SeedOptions
  minor: EtcdMinor
  binDir: string | undefined
  runbook: string
  breakStep: string | undefined
}

/** An average Kubernetes object. */
const bytesPerKey = 1200
const units = { '': 1, k: 1e3, m: 1e6, g: 1e9 } as const

/** `USAGE` for what the flags' own types can't tell. */
export function parseDrill(options: DrillOptions): Parsed {
  const { keys, store, workers, keep, runbook, breakStep, etcdBinDir, etcdManagerBin } = options
  return {
    labOptions: {
      store,
      workers,
      keep,
      speed: speedOf(options.speed),
      ...(etcdManagerBin === undefined ? {} : { etcdManagerBin: resolve(etcdManagerBin) }),
    },
    seed: { keys, sizeBytes: options.size === undefined ? keys * bytesPerKey : bytesOf(options.size), seed: 1 },
    minor: minorOf(options.etcdVersion),
    binDir: etcdBinDir === undefined ? undefined : resolve(etcdBinDir),
    runbook,
    breakStep,
  }
}

function minorOf(text: string): EtcdMinor {
  const minor = /^v?(3\.\d+)(\.\d+)?$/.exec(text)?.[1]
  if (minor !== undefined) return minor as EtcdMinor
  throw wrong('--etcd-version', text, '3.4, 3.5 or 3.6')
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

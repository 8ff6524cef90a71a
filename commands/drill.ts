import { Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import type { ByHandResult, CompareResult, DrillResult } from '../src/app/result.ts'

const METHODS = ['auto', 'return-in-place', 'seed-in-place', 'rebuild-from-trashcan', 'restore-backup']
const SCENARIOS = ['member-away', 'volume-beside', 'torn-log', 'full-database', 'leader-killed']

export default class Drill extends BaseCommand {
  static override summary =
    'rehearse: build a cluster on this machine, break it as the incident did, recover it, compare every key'
  static override description = [
    'Real etcd, real SSH, a real S3 interface, and the same runbook through the same code as recover. Touches nothing',
    'outside a directory of its own and leaves nothing behind, unless --keep.',
  ].join(' ')
  static override examples = ['<%= config.bin %> drill', '<%= config.bin %> drill --keys 20000 --store file --json']
  static override flags = {
    keys: Flags.integer({ summary: 'how many keys the cluster holds', default: 5000, min: 10, max: 2_000_000 }),
    size: Flags.string({ summary: 'how much data, e.g. 20M; default: as the keys give', helpValue: 'SIZE' }),
    store: Flags.string({ summary: 'the backup store', options: ['s3', 'file'], default: 's3' }),
    workers: Flags.integer({ summary: 'worker nodes', default: 2, min: 0, max: 50 }),
    'etcd-version': Flags.string({
      summary: 'minor version of etcd: 3.4, 3.5, 3.6, 3.7',
      helpValue: 'X.Y',
      default: '3.5',
    }),
    'etcd-bin-dir': Flags.string({ summary: 'where etcd is', helpValue: 'DIR' }),
    'etcd-manager-bin': Flags.string({ summary: 'use the real etcd-manager of this directory', helpValue: 'DIR' }),
    method: Flags.string({ summary: 'how to recover; default: auto, as recover chooses', options: METHODS }),
    compare: Flags.boolean({
      summary: 'all methods one after the other, side by side',
      exclusive: ['method', 'break', 'by-hand', 'dry-run', 'keep'],
    }),
    'lost-nodes': Flags.integer({
      summary: 'how many control-plane nodes lose the data for good, with their disks',
      default: 0,
      min: 0,
      max: 2,
    }),
    scenario: Flags.string({
      summary: 'what comes on top of the incident; can be repeated',
      multipleNonGreedy: true,
      multiple: true,
      options: SCENARIOS,
    }),
    break: Flags.string({ summary: 'make this step fail once, then resume', helpValue: 'STEP' }),
    speed: Flags.string({ summary: 'how many times faster than life', helpValue: 'N', default: '10' }),
    keep: Flags.boolean({ summary: 'leave the sandbox directory behind' }),
    'by-hand': Flags.boolean({ summary: 'stop after the incident: you type the recovery, in another terminal' }),
    'dry-run': Flags.boolean({ summary: 'break the cluster, but only rehearse the recovery' }),
  }

  async run(): Promise<DrillResult | ByHandResult | CompareResult> {
    const { flags } = await this.parse(Drill)
    const [{ drill, drillCompare }, { drillLines }, { compareLines }] = await Promise.all([
      import('../src/app.ts'),
      import('../src/ui/drill.ts'),
      import('../src/ui/drill-compare.ts'),
    ])
    const session = await this.session(flags)
    const options = {
      keys: flags.keys,
      size: flags.size,
      store: flags.store === 'file' ? ('file' as const) : ('s3' as const),
      workers: flags.workers,
      etcdVersion: flags['etcd-version'],
      etcdBinDir: flags['etcd-bin-dir'],
      etcdManagerBin: flags['etcd-manager-bin'],
      method: flags.method,
      lostNodes: flags['lost-nodes'],
      scenarios: flags.scenario,
      breakStep: flags.break,
      speed: flags.speed,
      keep: flags.keep,
      byHand: flags['by-hand'],
    }
    if (flags.compare) {
      const { value, exitCode } = await drillCompare(session, options)
      return this.show(value, compareLines(value), exitCode)
    }
    const { value, exitCode } = await drill(session, options)
    return this.show(value, drillLines(value), exitCode)
  }
}

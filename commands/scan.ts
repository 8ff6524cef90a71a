import { Flags } from '@oclif/core'
import { BaseCommand } from '../src/app/base-command.ts'
import type { ScanValue } from '../src/app/scan/index.ts'
import { RescueError } from '../src/errors/rescue-error.ts'
import { EXIT } from '../src/errors/table.ts'

export default class Scan extends BaseCommand {
  static override summary = 'find every copy of the data: on all nodes, all volumes and in the backup store, best first'
  static override description = [
    'Reads a few pages of each database where it lies, less than 1 MB, and unpacks the newest backups. Copies are ranked',
    'by what they hold, never by time. Nothing is changed. Exit code 21 says that not all could be searched.',
  ].join(' ')
  static override flags = {
    'etcd-cluster': Flags.string({ summary: 'only main, events, cilium or leases; default: all', helpValue: 'NAME' }),
    backups: Flags.string({
      summary: 'how many backups of each store to look into: the newest, and the newest large ones',
      helpValue: 'N|all',
      default: '5',
    }),
  }

  async run(): Promise<ScanValue> {
    const { flags } = await this.parse(Scan)
    const [{ scanCopies }, { scanLines }] = await Promise.all([import('../src/app.ts'), import('../src/ui/scan.ts')])
    const options = { etcdCluster: flags['etcd-cluster'], backups: backupsOf(flags.backups) }
    const value = await scanCopies(await this.session(flags), options)
    return this.show(value, scanLines(value, this.width), value.unsearched.length > 0 ? EXIT.notAllSearched : EXIT.done)
  }
}

function backupsOf(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new RescueError('USAGE', `--backups ${JSON.stringify(text)} is no number`, {
    hint: 'write --backups 20, or all',
  })
}

import { Flags } from '@oclif/core'
import type { BackupListValue as Value } from '../../src/app/backups.ts'
import { BaseCommand } from '../../src/app/base-command.ts'
import { etcdClusterFlag } from '../../src/app/flags.ts'

export default class BackupList extends BaseCommand {
  static override summary = 'the backups in the store, oldest first'
  static override flags = {
    ...etcdClusterFlag,
    'etcd-version': Flags.boolean({
      summary: 'read the etcd version of every backup (at most 2,000), not of the newest 10',
    }),
  }

  async run(): Promise<Value> {
    const { flags } = await this.parse(BackupList)
    const [{ listStoreBackups }, { backupLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/backups.ts'),
    ])
    const value = await listStoreBackups(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      etcdVersion: flags['etcd-version'],
    })
    return this.show(value, backupLines(value, this.width))
  }
}

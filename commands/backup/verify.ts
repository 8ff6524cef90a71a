import { Args } from '@oclif/core'
import type { VerifiedBackup } from '../../src/app/backups.ts'
import { BaseCommand } from '../../src/app/base-command.ts'
import { etcdBinFlag, etcdClusterFlag } from '../../src/app/flags.ts'

export default class BackupVerify extends BaseCommand {
  static override summary = 'download a backup and restore it on this machine, as etcd-manager would'
  static override args = { backup: Args.string({ required: true, description: 'its name in the store' }) }
  static override flags = {
    ...etcdClusterFlag,
    ...etcdBinFlag,
  }

  async run(): Promise<VerifiedBackup> {
    const { args, flags } = await this.parse(BackupVerify)
    const [{ verifyBackup }, { verifiedLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/backups.ts'),
    ])
    const options = { etcdCluster: flags['etcd-cluster'], backup: args.backup }
    const value = await verifyBackup(await this.session(flags), options)
    return this.show(value, verifiedLines(value))
  }
}

import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import { changingFlags, etcdClusterFlag } from '../../src/app/flags.ts'
import type { PublishedBackup } from '../../src/app/publish-backup.ts'

export default class BackupPublish extends BaseCommand {
  static override summary = 'publish a snapshot, or a plain database file, as a backup that etcd-manager restores'
  static override description = [
    'A database file without its digest gets one. Writes that are only in a WAL are not in it: recover from the whole',
    'member directory where there is one.',
  ].join(' ')
  static override args = { file: Args.string({ required: true, description: 'a snapshot, or member/snap/db' }) }
  static override flags = {
    ...changingFlags,
    ...etcdClusterFlag,
    'backup-name': Flags.string({ summary: 'its name; one that is no time is never cleaned up', helpValue: 'NAME' }),
    'etcd-version': Flags.string({
      summary: 'of the etcd that wrote it, e.g. 3.5.30',
      helpValue: 'X.Y.Z',
      required: true,
    }),
    'member-count': Flags.integer({ summary: 'default: as many as control-plane nodes, else 3', min: 1, max: 9 }),
  }

  async run(): Promise<PublishedBackup> {
    const { args, flags } = await this.parse(BackupPublish)
    const [{ publishBackup }, { publishedLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/backups.ts'),
    ])
    const value = await publishBackup(await this.session(flags), {
      etcdCluster: flags['etcd-cluster'],
      file: args.file,
      name: flags['backup-name'],
      etcdVersion: flags['etcd-version'],
      memberCount: flags['member-count'],
    })
    return this.show(value, publishedLines(value))
  }
}

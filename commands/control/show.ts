import { BaseCommand } from '../../src/app/base-command.ts'
import type { ControlValue } from '../../src/app/control.ts'
import { etcdClusterFlag } from '../../src/app/flags.ts'

export default class ControlShow extends BaseCommand {
  static override summary = "etcd-manager's control files, what they mean together, and the commands that wait"
  static override flags = { ...etcdClusterFlag }

  async run(): Promise<ControlValue> {
    const { flags } = await this.parse(ControlShow)
    const [{ showControl }, { controlLines }] = await Promise.all([
      import('../../src/app.ts'),
      import('../../src/ui/control.ts'),
    ])
    const value = await showControl(await this.session(flags), { etcdCluster: flags['etcd-cluster'] })
    return this.show(value, controlLines(value))
  }
}

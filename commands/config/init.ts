import { Args } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'
import { changingFlags } from '../../src/app/flags.ts'

export default class ConfigInit extends BaseCommand {
  static override summary = 'write a first etcd-rescue.yaml to fill in; never over an existing one'
  static override args = { file: Args.string({ description: 'default: etcd-rescue.yaml here' }) }
  static override flags = { ...changingFlags }

  async run(): Promise<{ file: string; written: boolean }> {
    const { args, flags } = await this.parse(ConfigInit)
    const { initConfig } = await import('../../src/app.ts')
    const value = await initConfig(await this.session(flags), args.file)
    const done = `wrote ${value.file}; fill in what stands in <>, the nodes above all, then: etcd-rescue recover --dry-run`
    return this.show(value, [value.written ? done : `would write ${value.file}`])
  }
}

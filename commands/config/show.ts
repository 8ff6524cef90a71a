import { BaseCommand } from '../../src/app/base-command.ts'
import type { Config } from '../../src/config/index.ts'

export default class ConfigShow extends BaseCommand {
  static override summary = 'the configuration in effect: file, environment and flags put together; no secrets'

  async run(): Promise<Config> {
    const { flags } = await this.parse(ConfigShow)
    const { showConfig } = await import('../../src/app.ts')
    const { config, yaml } = await showConfig(await this.session(flags))
    return this.show(config, [yaml])
  }
}

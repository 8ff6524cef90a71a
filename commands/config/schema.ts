import { BaseCommand } from '../../src/app/base-command.ts'

export default class ConfigSchema extends BaseCommand {
  static override summary = 'the JSON Schema of etcd-rescue.yaml, for editors'

  async run(): Promise<Record<string, unknown>> {
    await this.parse(ConfigSchema)
    const { configJsonSchema } = await import('../../src/config/index.ts')
    const schema = configJsonSchema()
    return this.show(schema, [JSON.stringify(schema, undefined, 2)])
  }
}

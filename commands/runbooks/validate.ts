import { Args } from '@oclif/core'
import { BaseCommand } from '../../src/app/base-command.ts'

export default class RunbooksValidate extends BaseCommand {
  static override summary = 'check a runbook; every problem is told with file:line:column'
  static override args = { runbook: Args.string({ required: true, description: 'name or file' }) }

  async run(): Promise<{ name: string; file: string; valid: true }> {
    const { args } = await this.parse(RunbooksValidate)
    const { validateRunbook } = await import('../../src/app.ts')
    const { name, file } = await validateRunbook(args.runbook)
    return this.show({ name, file, valid: true }, [`${file}: ${name} is valid`])
  }
}

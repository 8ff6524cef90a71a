import { RescueError } from '../../errors/rescue-error.ts'

/** The control-plane nodes that an input names, with commas between. `USAGE` for one that the config does not know. */
export function namedNodes(input: string, list: string, nodes: readonly string[]): string[] {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unknown = names.find((name) => !nodes.includes(name))
  if (unknown === undefined) return names
  throw new RescueError('USAGE', `${input}: ${JSON.stringify(unknown)} is no control-plane node of the config`, {
    hint: `name some of: ${nodes.join(', ')}`,
  })
}

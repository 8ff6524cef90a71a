const TOPICS = 'runs|runbooks|backup|control|restart|config'
const COMMANDS = 'recover|drill|run|plan|scan|inspect|diff|extract|nodes|fence|unfence'
const TOLD = new RegExp(`\\betcd-rescue (?:(?:${TOPICS}) [a-z]+(?:-[a-z]+)*|(?:${COMMANDS})\\b)`, 'g')

/**
 * A command that is told must do the same when it is typed: what was given to find the cluster (`--config FILE`) is put behind
 * its name. `given` begins with a blank, or is empty.
 */
export function typedHere(line: string, given = ''): string {
  if (given === '' || line.includes('--config ')) return line
  return line.replace(TOLD, (command) => `${command}${given}`)
}

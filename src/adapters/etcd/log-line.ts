/** The last line of etcd's or a tool's output that says why it ended, without time and place; '' if there is none. */
export function lastUsefulLine(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const told = lines.map(readLine)
  const why = told.findLast(({ grave }) => grave) ?? told.findLast(({ text }) => text !== '')
  return (why?.text ?? '').slice(0, 400)
}

interface Told {
  text: string
  grave: boolean
}

/** etcd logs JSON; its tools print `Error: …`, the Go runtime `panic: …` and a stack. */
function readLine(line: string): Told {
  if (line.startsWith('{')) return fromJson(line)
  const panic = /^(panic|fatal error|unexpected fault|Error|Incorrect Usage)\b/i.test(line)
  const signal = /^\[?signal SIG/.test(line)
  // goroutine traces: the reason stands above them
  if (/^(goroutine |\t|\S+\(.*\)$|created by |exit status|main\.|runtime\.)/.test(line))
    return { text: '', grave: false }
  return { text: line.trim(), grave: panic || signal }
}

function fromJson(line: string): Told {
  try {
    const { level, msg, error } = JSON.parse(line) as { level?: string; msg?: string; error?: string }
    const text = error ? `${msg}: ${error}` : String(msg ?? '')
    // whatever ends it is logged as failed discovery, which says nothing
    return { text: text.replace(/^discovery failed: /, ''), grave: level === 'fatal' || level === 'panic' }
  } catch {
    return { text: '', grave: false }
  }
}

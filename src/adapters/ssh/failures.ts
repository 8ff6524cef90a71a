import { RescueError } from '../../errors/rescue-error.ts'
import { shellWord } from '../../shell/quote.ts'

/** Where a message says it happened: `node a (10.0.0.11:22)`. */
export interface Place {
  name: string
  host: string
  port: number
}

export function placeText({ name, host, port }: Place): string {
  return `node ${name} (${host.includes(':') ? `[${host}]` : host}:${port})`
}

export function unreachable(place: Place, why: string, cause?: unknown): RescueError {
  return new RescueError('HOST_UNREACHABLE', `${placeText(place)} cannot be reached: ${why}`, {
    hint: `check the address and that its sshd is running: ssh -v -p ${place.port} ${shellWord(place.host)}`,
    cause,
  })
}

export function authRefused(place: Place, user: string, tried: readonly string[], cause?: unknown): RescueError {
  const list = tried.length > 0 ? tried.join(', ') : 'nothing: no key was found'
  return new RescueError('HOST_AUTH', `${placeText(place)} refuses the login of ${user}; tried ${list}`, {
    hint: `name the user and the key: ssh.user and ssh.identityFile in etcd-rescue.yaml, or load the key: ssh-add KEY; then try: ssh -p ${place.port} ${shellWord(`${user}@${place.host}`)}`,
    cause,
  })
}

export function keyUnknown(place: Place, fingerprint: string, file: string): RescueError {
  const port = place.port === 22 ? '' : `-p ${place.port} `
  return new RescueError(
    'HOST_KEY_UNKNOWN',
    `the host key of ${placeText(place)} is not in known_hosts: ${fingerprint}`,
    {
      hint: `ssh-keyscan ${port}${place.host} >> ${file}, after comparing the fingerprint with the node's own: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
    },
  )
}

export function keyChanged(place: Place, what: string, where: string): RescueError {
  return new RescueError('HOST_KEY_CHANGED', `the host key of ${placeText(place)} ${what} (${where})`, {
    hint: `somebody may be between you and the node. Only when you know that the node was rebuilt: remove the old line (${where}) and try again`,
  })
}

export function connectionLost(place: Place, what: string, cause?: unknown): RescueError {
  return new RescueError('HOST_CONNECTION_LOST', `the connection to ${placeText(place)} broke ${what}`, {
    hint: 'check the network and the node, then resume: etcd-rescue runs resume',
    cause,
  })
}

export function commandFailed(place: Place, line: string, what: string, stderr = ''): RescueError {
  const said = lastLines(stderr)
  return new RescueError('HOST_COMMAND', `${placeText(place)}: ${line} ${what}${said === '' ? '' : `: ${said}`}`, {
    hint: `see what the node says: ssh -p ${place.port} ${shellWord(place.host)}, then ${line}`,
  })
}

/** The login shell, or what stands in its place, ended before the command did: what it printed is no answer. */
export function noAnswer(place: Place, line: string, code: number, stderr: string): RescueError {
  const said = lastLines(stderr)
  const what = `gave no answer: it ended with exit code ${code}, and not by itself`
  return new RescueError(
    code === 0 ? 'HOST_OUTPUT' : 'HOST_COMMAND',
    `${placeText(place)}: ${line} ${what}${said === '' ? '' : `: ${said}`}`,
    {
      hint: `the login shell must run what it is given: ssh -p ${place.port} ${shellWord(place.host)} sh -c 'echo works'; look at its start-up files, and for ForceCommand in sshd_config`,
    },
  )
}

export function tooMuchOutput(place: Place, line: string, limit: number): RescueError {
  return new RescueError('HOST_OUTPUT', `${placeText(place)}: ${line} printed more than ${limit} bytes`, {
    hint: `look at the node why it prints that much: ssh -p ${place.port} ${shellWord(place.host)}`,
  })
}

export function sudoRefused(place: Place, user: string, why: string): RescueError {
  return new RescueError('HOST_SUDO', `${placeText(place)}: ${user} cannot use sudo: ${lastLines(why)}`, {
    hint: `allow it on the node (visudo: "${user} ALL=(ALL) NOPASSWD: ALL"), log in as root (ssh.user: root), or run this in a terminal, where the password is asked for`,
  })
}

/** Bounded and without control characters: it came from a node and goes to a terminal. */
export function lastLines(text: string): string {
  const clean = text
    .trim()
    .split('\n')
    .slice(-3)
    .join(' / ')
    .replace(/\p{Cc}/gu, ' ')
  return clean.length > 400 ? `…${clean.slice(-400)}` : clean
}

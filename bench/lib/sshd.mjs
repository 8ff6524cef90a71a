// A real sshd on loopback, and when commands ran in it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { end, freePort, onPath, startBound, until } from './process.mjs'

/** @returns {Promise<{ port, user, identityFile, knownHosts, busy(since: number): number, stop() }>} */
export async function startSshd(dir, { listen = '127.0.0.1', config: more = [] } = {}) {
  const sshd = onPath('sshd') ?? ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find(existsSync)
  if (sshd === undefined) throw new Error('openssh-server is not installed (scripts/test-setup/sshd.sh)')
  mkdirSync(dir, { recursive: true, mode: 0o755 })
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const port = await freePort()
  for (const name of ['host', 'id'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)])
  const publicKey = (name) => readFileSync(join(dir, `${name}.pub`), 'utf8')
  writeFileSync(join(dir, 'authorized_keys'), publicKey('id'))
  writeFileSync(join(dir, 'known_hosts'), `[127.0.0.1]:${port} ${publicKey('host')}`)
  const config = ['ListenAddress', 'HostKey', 'AuthorizedKeysFile', 'PidFile']
  const values = [`${listen}:${port}`, join(dir, 'host'), join(dir, 'authorized_keys'), join(dir, 'pid')]
  // bash reads the user's rc file for a command that comes by ssh, and that of this machine is not what is measured
  const rest = [
    'SetEnv SHLVL=1',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'LogLevel VERBOSE',
  ]
  const sftp = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server'].find(existsSync)
  const lines = [
    ...more,
    ...config.map((name, at) => `${name} ${values[at]}`),
    ...rest,
    ...(sftp ? [`Subsystem sftp ${sftp}`] : []),
  ]
  writeFileSync(join(dir, 'sshd_config'), `${lines.join('\n')}\n`)
  const child = startBound([sshd, '-D', '-e', '-f', join(dir, 'sshd_config')])
  const sessions = sessionTimes(child.stderr)
  await until('sshd', 10, async () => {
    if (child.exitCode !== null) throw new Error('sshd ended')
    return sessions.listening() || undefined
  })
  return {
    port,
    user: userInfo().username,
    identityFile: join(dir, 'id'),
    knownHosts: join(dir, 'known_hosts'),
    busy: sessions.busy,
    stop: () => end(child),
  }
}

/** From sshd's log: for how long at least one command or login was under way. */
function sessionTimes(stderr) {
  const spans = []
  const open = new Set()
  let since = 0
  let text = ''
  let listening = false
  const begin = (name) => {
    if (open.size === 0) since = performance.now()
    open.add(name)
  }
  const finish = (is) => {
    const had = open.size
    for (const name of open) if (is(name)) open.delete(name)
    if (had > 0 && open.size === 0) spans.push([since, performance.now()])
  }
  const take = (line) => {
    listening ||= line.includes('Server listening')
    const port = /port (\d+)/.exec(line)?.[1]
    const id = / id (\d+)/.exec(line)?.[1]
    if (line.includes('Connection from')) begin(`${port} login`)
    else if (line.includes('Accepted ')) finish((name) => name === `${port} login`)
    else if (line.includes('Starting session')) begin(`${port} ${id}`)
    else if (line.includes('Close session')) finish((name) => name === `${port} ${id}`)
    else if (/Disconnect|Connection (closed|reset)/.test(line)) finish((name) => name.startsWith(`${port} `))
  }
  stderr.on('data', (chunk) => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    lines.forEach(take)
  })
  return {
    listening: () => listening,
    /** Seconds since a `performance.now()` in which the node was at work for its client. */
    busy: (from) => spans.filter(([begun]) => begun >= from).reduce((sum, [begun, end]) => sum + end - begun, 0) / 1000,
  }
}

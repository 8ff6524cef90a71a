import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

export type HostKeyType = 'ed25519' | 'rsa' | 'ecdsa'
/** What sudo is to the login user: free, with a password, for others only, or not on the machine. */
export type SudoWay = 'free' | 'password' | 'refused' | 'missing'

export interface SshdOptions {
  /** A loopback address. Default 127.0.0.1. */
  address?: string
  hostKeys?: HostKeyType[]
  /** More lines for sshd_config; they win over the defaults here. */
  config?: string[]
  /** Log in as another user than the one that runs the tests. Needs root: see `canChangeUser`. */
  sudo?: SudoWay
  /** More public keys that may log in. */
  authorizedKeys?: string[]
  /** The command that runs it somewhere else on this machine, in namespaces of another process. */
  inside?: string[]
}

/** A real OpenSSH server for one test, on loopback, with keys of its own. */
export interface Sshd {
  address: string
  port: number
  user: string
  /** Everything of it, removed by `stop`. */
  dir: string
  /** A private key that may log in. */
  identityFile: string
  /** A known_hosts file with all its host keys. */
  knownHosts: string
  hostKey(type: HostKeyType): { file: string; public: string }
  /** A line (or lines) for known_hosts, for this address and port. */
  knownHostsLines(types?: HostKeyType[]): string
  log(): string
  stop(): Promise<void>
}

/** The password of the user that `sudo: 'password'` logs in as. */
export const SUDO_PASSWORD = 'correct horse 4'
/** crypt(3) of it, precomputed: there is no crypt in Node. */
const SUDO_PASSWORD_HASH =
  '$6$etcdrescuetest$TWhYtpbb3105yzhTObXkykpFjkcWXTI3.4vlbOEW.zLwC0Q96e2Y0/KoIu1fHulSDa8szj09fR/XniBMu3Qy40'
const OTHER_USER = 'rescue-tester'
const OTHER_ID = 64_990

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/sbin/sshd'].find(existsSync)

/** Ends sshd when the test's process ends, however that ends. */
const WITH_PARENT = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM'] : []

/** Why there can be no real sshd here, as a sentence, or undefined when there can. */
export const sshdMissing =
  SSHD === undefined ? 'openssh-server is not installed (scripts/test-setup/sshd.sh)' : undefined

/** Why sudo can't be tried as another user here, or undefined when it can. */
export const sudoMissing = sshdMissing ?? whyNoSudo()

/** Starts sshd and waits until it answers. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  if (SSHD === undefined) throw new Error(sshdMissing)
  const dir = mkdtempSync(join(tmpdir(), 'rescue-sshd-'))
  chmodSync(dir, 0o755)
  const address = options.address ?? '127.0.0.1'
  const port = await freePort(address)
  const types = options.hostKeys ?? ['ed25519']
  for (const type of types) generateKey(join(dir, `host_${type}`), type)
  const identityFile = join(dir, 'id')
  generateKey(identityFile, 'ed25519')
  const keys = [readFileSync(`${identityFile}.pub`, 'utf8').trim(), ...(options.authorizedKeys ?? [])]
  writeFileSync(join(dir, 'authorized_keys'), `${keys.join('\n')}\n`)
  writeConfig(dir, address, port, types, options.config ?? [])

  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const [file, ...args] = [...WITH_PARENT, ...(options.inside ?? []), ...commandOf(dir, options.sudo)] as [
    string,
    ...string[],
  ]
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk).slice(-100_000)
  })
  const sshd: Sshd = {
    address,
    port,
    user: options.sudo === undefined ? userInfo().username : OTHER_USER,
    dir,
    identityFile,
    knownHosts: join(dir, 'known_hosts'),
    hostKey: (type) => ({
      file: join(dir, `host_${type}`),
      public: readFileSync(join(dir, `host_${type}.pub`), 'utf8').trim(),
    }),
    knownHostsLines: (of = types) => of.map((type) => `[${address}]:${port} ${sshd.hostKey(type).public}\n`).join(''),
    log: () => log,
    stop: async () => {
      await stopChild(child)
      rmSync(dir, { recursive: true, force: true })
    },
  }
  writeFileSync(sshd.knownHosts, sshd.knownHostsLines())
  await untilItAnswers(sshd, child)
  return sshd
}

/** Makes a key pair: `file` and `file.pub`. */
export function generateKey(file: string, type: HostKeyType = 'ed25519', passphrase = ''): void {
  const bits = type === 'rsa' ? ['-b', '2048'] : []
  execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, '-N', passphrase, '-C', 'test', '-f', file])
}

function writeConfig(dir: string, address: string, port: number, types: HostKeyType[], more: string[]): void {
  const lines = [
    ...more,
    `ListenAddress ${address}:${port}`,
    ...types.map((type) => `HostKey ${join(dir, `host_${type}`)}`),
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    `PidFile ${join(dir, 'pid')}`,
    // bash reads ~/.bashrc when sshd starts it: what is in this machine's is not under test, and may take longer than the test
    `SetEnv HOME=${dir}`,
    'PermitRootLogin yes',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'LogLevel VERBOSE',
  ]
  writeFileSync(join(dir, 'sshd_config'), `${lines.join('\n')}\n`)
}

/** Another user lives only in a mount namespace of this sshd: the machine's own accounts and sudoers stay as they are. */
function commandOf(dir: string, sudo: SudoWay | undefined): string[] {
  const args = ['-D', '-e', '-f', join(dir, 'sshd_config')]
  if (sudo === undefined) return [SSHD ?? 'sshd', ...args]
  const mounts = writeAccounts(dir, sudo).map(([from, to]) => `mount --bind '${from}' '${to}'`)
  return ['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$0" "$@"`, SSHD ?? 'sshd', ...args]
}

function writeAccounts(dir: string, sudo: SudoWay): [string, string][] {
  const home = join(dir, 'home')
  mkdirSync(home)
  chownSync(home, OTHER_ID, OTHER_ID)
  const add = (name: string, line: string, mode: number) => {
    const file = join(dir, name)
    writeFileSync(file, `${readFileSync(`/etc/${name}`, 'utf8').trimEnd()}\n${line}\n`)
    chmodSync(file, mode)
    return [file, `/etc/${name}`] as [string, string]
  }
  const rule = { free: 'NOPASSWD: ALL', password: 'PASSWD: ALL', refused: undefined, missing: undefined }[sudo]
  const sudoers = join(dir, 'sudoers.d')
  mkdirSync(sudoers, { mode: 0o755 })
  writeFileSync(join(sudoers, 'test'), rule === undefined ? '' : `${OTHER_USER} ALL=(ALL) ${rule}\n`, { mode: 0o440 })
  return [
    add('passwd', `${OTHER_USER}:x:${OTHER_ID}:${OTHER_ID}:test:${home}:/bin/sh`, 0o644),
    add('group', `${OTHER_USER}:x:${OTHER_ID}:`, 0o644),
    add('shadow', `${OTHER_USER}:${SUDO_PASSWORD_HASH}:19000:0:99999:7:::`, 0o640),
    [sudoers, '/etc/sudoers.d'],
    ...(sudo === 'missing' ? [['/dev/null', '/usr/bin/sudo'] as [string, string]] : []),
  ]
}

function whyNoSudo(): string | undefined {
  if (userInfo().uid !== 0) return 'only root can give sshd a user of its own to try sudo with'
  if (!existsSync('/usr/bin/sudo')) return 'sudo is not installed (scripts/test-setup/sshd.sh)'
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'this machine does not allow mount namespaces'
  }
}

export function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, address, () => {
      const found = server.address()
      server.close(() => (found && typeof found === 'object' ? resolve(found.port) : reject(new Error('no port'))))
    })
  })
}

async function untilItAnswers(sshd: Sshd, child: ChildProcess): Promise<void> {
  const until = Date.now() + 10_000
  while (!(await answers(sshd))) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`sshd did not start: ${sshd.log()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function answers({ address, port }: Sshd): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    socket.once('data', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  }).then((is) => is as boolean)
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await gone
}

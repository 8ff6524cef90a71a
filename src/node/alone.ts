import { setTimeout as sleep } from 'node:timers/promises'
import { RescueError } from '../errors/rescue-error.ts'
import type { CommandResult, RemoteCommand, RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'

/** Another process holds the lock. */
const BUSY = 75
/** As long as the longest that is waited for: 10 GB on a slow disk. */
const WAIT_MS = 35 * 60_000
const LOOK_MS = 1000
const TRIES = 3

/**
 * Shell functions for what takes long on a node and is published by a rename. A session that broke leaves its command
 * running, and who resumes would work in the same directory: two halves became one whole that was neither.
 *
 * `alone PATH` takes a lock (flock) on the directory that PATH is in, for as long as this shell or anything that it started
 * lives, sets `p` to a part of this attempt's own, and removes the parts of attempts that are dead: their lock was free.
 * `publish PATH` gives the part its name, once it is whole and on the disk: what has the name is complete.
 */
export const ALONE =
  'umask 077; alone() { o_=$(dirname -- "$1"); mkdir -p -m 0700 -- "$o_" || exit 1; exec 8<"$o_" || exit 1; ' +
  'command -v flock >/dev/null || { echo "flock (util-linux) is missing" >&2; exit 1; }; flock -n 8 || exit 75; ' +
  'rm -rf -- "$1".part* || exit 1; p="$1.part.$$"; }; ' +
  'publish() { find "$p" -type f -exec sync -- {} + 2>/dev/null || sync; mv -T -n -- "$p" "$1" || exit 1; [ ! -e "$p" ] || exit 1; ' +
  'sync -- "$1" "$(dirname -- "$1")" 2>/dev/null || sync; }; '

/**
 * Runs such a command. While another one works there, it is waited for; afterwards the command finds what that one made, or
 * does it itself. A connection that breaks is the same: the command may still run.
 */
export async function runAlone(host: RemoteHost, command: RemoteCommand): Promise<CommandResult> {
  const okCodes = [...(command.okCodes ?? [0]), BUSY]
  const until = Date.now() + WAIT_MS
  for (let broken = 0; ; ) {
    try {
      const result = await host.run({ ...command, okCodes })
      if (result.code !== BUSY) return result
    } catch (error) {
      broken += 1
      if (!(error instanceof RescueError) || error.code !== 'HOST_CONNECTION_LOST' || broken === TRIES) throw error
    }
    if (Date.now() >= until) throw stillBusy(host)
    await sleep(LOOK_MS, undefined, command.signal ? { signal: command.signal } : {})
  }
}

function stillBusy(host: RemoteHost): RescueError {
  return new RescueError(
    'TIMED_OUT',
    `${host.name}: a command of an earlier attempt still works there, after ${WAIT_MS / 60_000} min`,
    {
      hint: `look on node ${host.name} what it waits for: ps -ef | grep -e etcdutl -e etcdctl -e 'cp -a'; then resume the run`,
    },
  )
}

const HAS_FLOCK = 'command -v flock >/dev/null'

/**
 * `PRECONDITION` on a node without flock: neither can one work there alone, nor is it told whether an etcd has ended, and
 * that would be found out with etcd stopped. A lock without it, a directory that is made, would outlive its holder.
 */
export async function mustHaveFlock(host: RemoteHost): Promise<void> {
  const { code } = await host.run({ effect: 'read', argv: ['sh', '-c', HAS_FLOCK], okCodes: [0, 1, 127] })
  if (code === 0) return
  throw new RescueError('PRECONDITION', `node ${host.name} has no flock, which locks what is worked on there`, {
    hint: `nothing was stopped; install it on node ${host.name} (flock, of util-linux), and type the same again; or let etcd-manager restore it by itself: etcd-rescue recover --method rebuild-from-trashcan`,
  })
}

const CLEAR = `${ALONE}[ -d "$(dirname -- "$1")" ] || exit 0; alone "$1"`

/** Waits until nobody makes this path any more, and removes what attempts left that did not come to their end. */
export async function clearParts(host: RemoteHost, path: string): Promise<void> {
  mustBeAbsolute(host, path)
  await runAlone(host, { effect: 'change', argv: ['sh', '-c', CLEAR, 'sh', path], timeoutMs: 5 * 60_000 })
}

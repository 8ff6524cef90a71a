import type { ChildProcess } from 'node:child_process'
import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { exited, killGroup } from '../spawn.ts'
import { type ProcessSpec, startProcess, stopProcess } from './process.ts'
import { type ContainerName, type ContainerRecord, dropRecord, newId, writeRecord } from './record.ts'

export interface PodSpec extends ContainerName, ProcessSpec {
  /** As in the manifest; the node's name comes behind it in `pod`. */
  name: string
  /** The manifest's file name in `/etc/kubernetes/manifests`: while it is there, the pod runs. */
  manifest: string
  /** What the node's `/proc/<pid>` shows of the container. Default: nothing. */
  proc?: { dir: string; shows(pid: number): string }
}

export interface Pod {
  readonly spec: PodSpec
  pid(): number | undefined
  /** Whether the manifest is there; a pod whose manifest went away is stopped and not started again. */
  want(wanted: boolean): void
  /** SIGKILL; resolves when the container is gone. */
  kill(): Promise<void>
  close(): Promise<void>
}

const GRACE_MS = 5_000

/** Keeps one container of a static pod running: an ended one is followed by another, with a new id, after `delayMs`. */
export function keepPod(dir: string, spec: PodSpec, delayMs: number, isDown: () => boolean = () => false): Pod {
  let wanted = false
  let closed = false
  let child: ChildProcess | undefined
  let attempt = 0
  let last: string | undefined
  let work: Promise<void> = Promise.resolve()

  async function start() {
    if (!wanted || closed || child !== undefined) return
    if (isDown()) return void setTimeout(() => enqueue(start), delayMs)
    const now = await startProcess(spec)
    child = now
    const record: ContainerRecord = {
      id: newId(),
      pod: spec.pod,
      container: spec.container,
      pid: now.pid ?? 0,
      attempt,
      createdAt: BigInt(Date.now()) * 1_000_000n,
    }
    attempt += 1
    await show(spec, record.pid)
    await writeRecord(dir, record, 'RUNNING')
    if (last !== undefined) await dropRecord(dir, last)
    last = record.id
    void exited(now).then(() => enqueue(() => ended(record)))
  }

  async function ended(record: ContainerRecord) {
    child = undefined
    await writeRecord(dir, record, 'EXITED')
    await hide(spec, record.pid)
    if (wanted && !closed) setTimeout(() => enqueue(start), delayMs)
  }

  /** One change at a time, so that records never contradict processes. */
  function enqueue(next: () => Promise<void>): Promise<void> {
    work = work.then(next, next).catch(() => undefined)
    return work
  }

  const stop = async () => {
    if (child !== undefined) await stopProcess(child, GRACE_MS)
  }

  return {
    spec,
    pid: () => child?.pid,
    want: (next) => {
      if (next === wanted || closed) return
      wanted = next
      void enqueue(next ? start : stop)
    },
    kill: async () => {
      const now = child
      if (now === undefined) return
      killGroup(now)
      await exited(now)
    },
    close: async () => {
      closed = true
      await enqueue(stop)
      await enqueue(async () => undefined)
    },
  }
}

async function show({ proc }: PodSpec, pid: number): Promise<void> {
  if (proc === undefined || pid === 0) return
  await rm(join(proc.dir, String(pid)), { force: true })
  await symlink(proc.shows(pid), join(proc.dir, String(pid)))
}

async function hide({ proc }: PodSpec, pid: number): Promise<void> {
  if (proc !== undefined) await rm(join(proc.dir, String(pid)), { force: true })
}

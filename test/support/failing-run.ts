import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse, stringify } from 'yaml'
import type { ErrorCode } from '../../src/errors/table.ts'
import { putFile } from '../../src/lab/files.ts'
import type { Lab } from '../../src/lab/index.ts'
import { type Finished, runRescue } from './rescue-process.ts'

/** What the configuration of a sandbox holds, as far as tests change it. */
export interface LabConfig {
  state: string
  s3?: Record<string, unknown>
  ssh: Record<string, unknown>
  nodes: Record<'controlPlane' | 'workers', { name: string; address: string; port: number; root: string }[]>
  tools?: Record<string, unknown>
}

/** The same lab, seen through a configuration that is changed as an operator's could be. */
export async function seenThrough(lab: Lab, change: (config: LabConfig) => void, env = lab.env): Promise<Lab> {
  const config = parse(readFileSync(lab.configFile, 'utf8')) as LabConfig
  change(config)
  const configFile = join(lab.dir, `other-${Math.random().toString(36).slice(2)}.yaml`)
  await putFile(configFile, stringify(config))
  return { ...lab, configFile, env }
}

/** An address that no packet leaves for: the kernel says at once that there is no way. */
export const NO_WAY_THERE = '255.255.255.255'

/** A work directory for one test. */
export function workDirs(): { next(): string; clear(): void } {
  const dirs: string[] = []
  return {
    next: () => {
      const dir = mkdtempSync(join(tmpdir(), 'er-fail-'))
      dirs.push(dir)
      return dir
    },
    clear: () => {
      for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
    },
  }
}

export const answersFor = (lab: Lab): string[] => ['--yes', '--confirm', lab.cluster, '--json']

/** The way that these tests are about. */
export const REBUILD = ['recover', '--method', 'rebuild-from-trashcan']

/** A rebuild with every answer given, and more flags. */
export function recover(lab: Lab, workDir: string, ...more: string[]): Promise<Finished> {
  return runRescue(lab, workDir, [...REBUILD, ...answersFor(lab), ...more])
}

export function resume(lab: Lab, workDir: string): Promise<Finished> {
  return runRescue(lab, workDir, ['runs', 'resume', ...answersFor(lab)])
}

interface Expected {
  code: ErrorCode
  exit: number
  message: RegExp
  hint: RegExp
  /** The step that failed last. */
  step?: string
}

/** One clear error: its code, exit code, message and hint, told once and without a stack trace. */
export function expectOneError(run: Finished, { code, exit, message, hint, step }: Expected): void {
  const value = JSON.parse(run.stdout) as { error?: Record<string, string>; steps?: { id: string; status: string }[] }
  expect(value.error, run.stderr).toMatchObject({ code })
  expect(value.error?.message).toMatch(message)
  expect(value.error?.hint).toMatch(hint)
  expect(run.code, run.stderr).toBe(exit)
  expect(run.stderr.match(/^Error: /gm)).toHaveLength(1)
  expect(run.stderr).toContain(`Code: ${code}`)
  expect(run.stderr + run.stdout).not.toMatch(/\n\s+at .*[(:]/)
  if (step) expect(value.steps?.findLast(({ status }) => status === 'failed')?.id).toBe(step)
}

/** A run that went through, and compared every key. */
export function expectRecovered(run: Finished): void {
  expect(run.code, run.stderr).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({ status: 'succeeded', verified: { digestMatches: true } })
}

/** Of a run that failed before the point of no return: nothing in the store, on this machine or running is half done. */
export async function expectNothingHalfDone(lab: Lab, workDir: string): Promise<void> {
  const keys = (await lab.store.list('')).map(({ key }) => key)
  const folders = (await lab.store.listFolders('')).filter((name) => /^(recovered|before)-/.test(name))
  for (const name of folders) expect(keys, 'a folder without its meta').toContain(`${name}/_etcd_backup.meta`)
  expect(keys.filter((key) => key.includes('_command.json'))).toEqual([])
  expect(keys.filter((key) => key.startsWith('etcd-rescue/'))).toEqual([])
  expect(openToOthers(workDir)).toEqual([])
  expect(processesIn(workDir)).toEqual([])
}

/** Files and directories below the runs that others than their owner may read. */
export function openToOthers(workDir: string): string[] {
  const found: string[] = []
  const walk = (path: string) => {
    const info = statSync(path)
    if ((info.mode & 0o077) !== 0 || (info.isFile() && (info.mode & 0o177) !== 0)) found.push(path)
    if (info.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name))
  }
  for (const name of readdirSync(workDir)) walk(join(workDir, name))
  return found
}

/** Command lines that name this directory: an etcd that was left behind. */
function processesIn(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => cmdline(pid))
    .filter((line) => line.includes(dir))
}

function cmdline(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

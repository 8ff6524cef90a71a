import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { toTarget } from '../config/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import {
  loadRunbook,
  type Plan,
  planRunbook,
  type Runbook,
  type RunbookSource,
  renderMarkdown,
} from '../runbook/index.ts'
import { registry } from '../steps/registry.ts'
import { packageRoot } from './package-root.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'

export interface RunbookEntry {
  name: string
  title: string
  file: string
}

export interface RunbookChoice {
  etcdCluster: string
  /** A name of the catalogue, or a file. */
  runbook: string
  inputs: Record<string, unknown>
}

const maxBytes = 1024 * 1024

/** The catalogue: the runbooks of this package, by name. */
export async function listRunbooks(): Promise<RunbookEntry[]> {
  const directory = join(packageRoot(), 'runbooks')
  const files = (await readdir(directory)).filter((name) => name.endsWith('.yaml')).sort()
  return Promise.all(
    files.map(async (name) => {
      const runbook = await findRunbook(join(directory, name))
      return { name: runbook.name, title: runbook.title, file: runbook.file }
    }),
  )
}

/** A runbook by name or file. `RUNBOOK_INVALID` tells all its problems, or that there is no such runbook. */
export async function findRunbook(nameOrFile: string): Promise<Runbook> {
  return loadRunbook(await readSource(nameOrFile), registry)
}

async function readSource(nameOrFile: string): Promise<RunbookSource> {
  const isName = /^[a-z0-9][a-z0-9-]*$/.test(nameOrFile)
  const file = isName ? join(packageRoot(), 'runbooks', `${nameOrFile}.yaml`) : resolve(nameOrFile)
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) throw unknown(nameOrFile)
  if (found.size > maxBytes) throw unknown(`${nameOrFile} (it has ${found.size} bytes)`)
  return { file, text: await readFile(file, 'utf8') }
}

function unknown(name: string): RescueError {
  return new RescueError('RUNBOOK_INVALID', `there is no runbook ${name}`, {
    hint: 'see their names: etcd-rescue runbooks list; a file of your own is named with its path, as ./mine.yaml',
  })
}

/** Loads and plans. Without a configuration the plan is for a cluster that has no name yet: it is only to be read. */
export async function planFor(session: Session, choice: RunbookChoice): Promise<Plan> {
  const runbook = await findRunbook(choice.runbook)
  return planRunbook(runbook, registry, await namesOf(session, choice.etcdCluster), choice.inputs)
}

async function namesOf(session: Session, etcdCluster: string) {
  const config = await loadSettings(session)
  return config.cluster === undefined ? { cluster: '(not configured)', etcdCluster } : toTarget(config, etcdCluster)
}

export async function showRunbook(session: Session, choice: RunbookChoice) {
  const plan = await planFor(session, choice)
  return { name: plan.runbook.name, file: plan.runbook.file, markdown: renderMarkdown(plan) }
}

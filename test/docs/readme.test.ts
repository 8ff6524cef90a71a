import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { registry } from '../../src/steps/registry.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('the README', () => {
  const readme = read('README.md')

  it('has a row for every step, and its code and test are there', () => {
    for (const id of registry.steps.keys()) expect(readme).toContain(`\`${id}\``)
    const named = [...readme.matchAll(/`((?:src|test|runbooks|docs)\/[\w./-]+\.\w+)`/g)].map(([, path]) => path ?? '')
    expect(named.length).toBeGreaterThan(2 * 20)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})

/** Pages of ours, without what npm or a test run puts beside them. */
function pages(): string[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'))
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )
  return [...top, ...docs.map((name) => join('docs', name))]
}

describe.each(pages())('%s', (page) => {
  it('links to pages that are there', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? '')
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })
})

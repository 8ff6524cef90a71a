import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cli } from '../support/cli.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-cli-'))
})
afterAll(() => rm(dir, { recursive: true }))

it('config init writes a file that config show reads once it is filled in, and never over another', async () => {
  const flags = ['--name', 'x.example.com', '--state', 's3://some-state']
  const dry = await cli(['config', 'init', '--dry-run', '--json', ...flags], { cwd: dir })
  expect(JSON.parse(dry.stdout)).toEqual({ file: join(dir, 'etcd-rescue.yaml'), written: false })
  expect((await cli(['config', 'init', ...flags], { cwd: dir })).code).toBe(0)
  const left = await cli(['config', 'show'], { cwd: dir })
  expect(left).toMatchObject({ code: 2, stdout: '' })
  expect(left.stderr).toContain('nodes.controlPlane.0.address: is still to be filled in: <address of the first node>')
  const file = join(dir, 'etcd-rescue.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/<address of the \w+ node>/g, '10.0.0.11'))
  const shown = await cli(['config', 'show', '--json'], { cwd: dir })
  expect(JSON.parse(shown.stdout)).toMatchObject({ cluster: 'x.example.com', state: 's3://some-state', warnings: [] })
  const before = await readFile(join(dir, 'etcd-rescue.yaml'), 'utf8')
  expect(await cli(['config', 'init', '--yes'], { cwd: dir })).toMatchObject({ code: 20, stdout: '' })
  expect(await readFile(join(dir, 'etcd-rescue.yaml'), 'utf8')).toBe(before)
})

it('config show has no secrets', async () => {
  const env = { S3_ACCESS_KEY_ID: 'AKIDEXAMPLE', S3_SECRET_ACCESS_KEY: 'top-secret', S3_ENDPOINT: 'http://127.0.0.1:1' }
  const { stdout, stderr } = await cli(['config', 'show'], { cwd: dir, env })
  expect(stdout).toContain('http://127.0.0.1:1')
  expect(stdout + stderr).not.toMatch(/AKIDEXAMPLE|top-secret/)
})

it('config schema is a JSON Schema, with and without --json', async () => {
  const [text, json] = await Promise.all([cli(['config', 'schema']), cli(['config', 'schema', '--json'])])
  expect(JSON.parse(text.stdout)).toEqual(JSON.parse(json.stdout))
  expect(JSON.parse(json.stdout)).toMatchObject({ type: 'object', properties: { cluster: { type: 'string' } } })
})

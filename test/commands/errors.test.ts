import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { told } from '../../src/app/told.ts'
import { cli, startCli, testPackage } from '../support/cli.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-cli-'))
  await writeFile(join(dir, 'bad.yaml'), 'clustr: x\nstate: y\n')
  await writeFile(
    join(dir, 'ok.yaml'),
    'cluster: a.b\nstate: file:///none\nnodes: { controlPlane: [{ name: a, address: 127.0.0.1, port: 1 }] }\n',
  )
  await writeFile(join(dir, 'runbook.yaml'), 'apiVersion: etcd-rescue/v1\nname: x\nsteps:\n  - id: no-such-step\n')
})
afterAll(() => rm(dir, { recursive: true }))

describe('every failure', () => {
  it.each([
    [['recover', '--nonsense'], 2, 'USAGE', 'Nonexistent flag: --nonsense'],
    [['recover', '--set', 'x', '--name', 'a.b', '--state', 'file:///none'], 2, 'USAGE', '--set "x"'],
    [['recover'], 2, 'CONFIG_INVALID', 'the cluster has no name'],
    [['recover', '--name', 'a.b', '--state', 'file:///none'], 2, 'CONFIG_INVALID', 'no control-plane node'],
    [
      ['config', 'show', '--config', 'bad.yaml'],
      2,
      'CONFIG_INVALID',
      'bad.yaml:1:1: unknown key "clustr", did you mean',
    ],
    [['runbooks', 'validate', './runbook.yaml'], 10, 'RUNBOOK_INVALID', 'runbook.yaml:'],
    [['runbooks', 'show', 'no-such'], 10, 'RUNBOOK_INVALID', 'there is no runbook no-such'],
    [['runs', 'show', 'no-such', '--work-dir', '.'], 2, 'RUN_UNKNOWN', 'no-such'],
    [['runs', 'resume', '--work-dir', '.'], 2, 'RUN_UNKNOWN', 'there are no runs'],
    [['drill', '--size', 'big'], 2, 'USAGE', '--size "big"'],
    [['drill', '--keys', 'many'], 2, 'USAGE', 'Parsing --keys: Expected an integer'],
    [['recovr', '--yes'], 2, 'USAGE', 'there is no command "recovr"'],
    [['recover', 'prod.example.com'], 2, 'USAGE', 'recover takes no argument "prod.example.com"'],
    [['restart', 'nothing'], 2, 'USAGE', 'there is no command "restart nothing"'],
    [['run', 'rebuild-from-trashcan', '--only', 'x', '--config', 'ok.yaml'], 2, 'USAGE', 'has no step "x"'],
    [['recover', '--config', 'ok.yaml', '--work-dir', 'bad.yaml/x'], 20, 'PRECONDITION', 'no run can be kept'],
    [['recover', '--config', 'ok.yaml', '--work-dir', '/proc/x/y'], 20, 'PRECONDITION', 'no run can be kept'],
    [['control', 'show', '--name', 'a.b', '--state', 'file:///none/such'], 20, 'STORE_MISSING', '/none/such'],
  ])('%j ends with %i %s', async (args, exit, code, message) => {
    const text = await cli(args, { cwd: dir })
    expect(text).toMatchObject({ code: exit, stdout: '' })
    expect(text.stderr).toContain(message)
    expect(text.stderr).toMatch(new RegExp(`^Code: ${code}$`, 'm'))
    expect(text.stderr).toMatch(/^Try: .{5}/m)
    expect(text.stderr).not.toMatch(/^\s+at /m)

    const json = await cli([...args, '--json'], { cwd: dir })
    expect(json.code).toBe(exit)
    const value = JSON.parse(json.stdout)
    expect(value).toEqual({
      error: { code, message: expect.stringContaining(message), hint: expect.stringMatching(/.{5}/) },
    })
  })

  it('of the tool itself goes to a file, and only its name to the screen', async () => {
    const before = process.env.XDG_STATE_HOME
    process.env.XDG_STATE_HOME = dir
    try {
      const error = await told(new TypeError('x is not a function'), 'recover', ['--copy', 'a:b'])
      expect(error).toMatchObject({ code: 'BUG', exitCode: 1 })
      const [file = ''] = await readdir(join(dir, 'etcd-rescue/crashes'))
      expect(error.hint).toContain(file)
      const path = join(dir, 'etcd-rescue/crashes', file)
      expect(await readFile(path, 'utf8')).toMatch(/TypeError: x is not a function[\s\S]*at /)
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    } finally {
      if (before === undefined) delete process.env.XDG_STATE_HOME
      else process.env.XDG_STATE_HOME = before
    }
  })

  it('is not that nobody reads the progress any more: the run goes on, and how it ends counts', async () => {
    await mkdir(join(dir, 'store/a.b/backups/etcd/main'), { recursive: true })
    const way = ['--method', 'rebuild-from-trashcan', '--dry-run']
    const args = ['recover', ...way, '--config', 'ok.yaml', '--state', `file://${dir}/store`]
    const { child, finished } = startCli(args, { cwd: dir })
    child.stderr.destroy()
    const { code, stdout } = await finished
    expect(code).toBe(20)
    expect(stdout).toMatch(/^run .*: rebuild-from-trashcan, failed$/m)
  })

  it.runIf(existsSync('/dev/full'))('is told when the result cannot be written', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"${process.execPath}" "${testPackage()}/bin/run.js" runbooks list > /dev/full`],
      { cwd: '/', encoding: 'utf8' },
    )
    expect(status).toBe(30)
    expect(stderr).toMatch(/^Error: the result cannot be written: .*ENOSPC.*\nCode: LOCAL_FILE\nTry: .*\n$/)
  })

  it('is not a pipe that was closed early', () => {
    const script = `"${process.execPath}" "${testPackage()}/bin/run.js" runbooks show rebuild-from-trashcan | head -n 1; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: '/', encoding: 'utf8' })
    expect(stdout).toMatch(/^# .*\n0\n$/)
    expect(stderr).toBe('')
  })
})

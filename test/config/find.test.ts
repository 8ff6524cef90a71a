import { execFileSync } from 'node:child_process'
import { chmod, chown, lchown, mkdir, rename, rmdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { CONFIG_FILE, findConfig } from '../../src/config/find.ts'
import { tempDir } from '../steps/support/temp.ts'

describe('a config file that was not named', () => {
  let cwd: string
  let file: string
  beforeEach(async () => {
    const top = await tempDir()
    cwd = join(top, 'it is $(here)', 'below')
    await mkdir(cwd, { recursive: true })
    file = join(top, CONFIG_FILE)
    await writeFile(file, 'cluster: c\n', { mode: 0o644 })
  })
  const uid = process.getuid?.() ?? 0

  it('is found upwards when it is ours, or root made it', async () => {
    expect(await findConfig({ cwd })).toMatchObject({ path: file })
    expect(await findConfig({ cwd, me: { uid } })).toMatchObject({ path: file })
  })

  it("is refused when it is another user's, and taken when it is named, or by whoever became root", async () => {
    // only root can give a file away: for others it is theirs, looked at by somebody else
    const owner = uid === 0 ? 4711 : uid
    if (uid === 0) await chown(file, owner, 0)
    const me = { uid: owner + 1 }
    await expect(findConfig({ cwd, me })).rejects.toMatchObject(foreign)
    expect(await findConfig({ cwd, named: file, me })).toMatchObject({ path: file })
    expect(await findConfig({ cwd, me: { uid: 0, sudoUid: owner } })).toMatchObject({ path: file })
  })

  it("is refused when another user's link leads to it", async () => {
    const own = `${file}.own`
    await rename(file, own)
    await symlink(own, file)
    expect(await findConfig({ cwd })).toMatchObject({ path: file })
    const owner = uid === 0 ? 4711 : uid
    if (uid === 0) await lchown(file, owner, 0)
    await expect(findConfig({ cwd, me: { uid: owner + 1 } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('it is a link of another user'),
    })
  })

  it('is one error when it is no file, and nobody is waited for', async () => {
    const dir = join(cwd, CONFIG_FILE)
    await mkdir(dir)
    await expect(findConfig({ cwd })).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: /not a file/ })
    await rmdir(dir)
    execFileSync('mkfifo', [dir])
    await expect(findConfig({ cwd })).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: /not a file/ })
  })

  it.each([0o646, 0o666])('is refused when others may write to it: %o', async (mode) => {
    await chmod(file, mode)
    await expect(findConfig({ cwd })).rejects.toMatchObject({ code: 'CONFIG_INVALID', hint: /chmod go-w .*--config/ })
    expect(await findConfig({ cwd, named: file })).toMatchObject({ path: file })
  })

  it('is refused when a group may that is not the own one of its owner', async () => {
    await chmod(file, 0o664)
    const { uid: owner, gid } = await stat(file)
    const found = findConfig({ cwd, me: { uid: owner } })
    if (gid === owner) expect(await found).toMatchObject({ path: file })
    else await expect(found).rejects.toMatchObject({ hint: /chmod go-w/ })
    if (uid !== 0) return
    await chown(file, 0, 4711)
    await expect(findConfig({ cwd })).rejects.toMatchObject({ hint: /chmod go-w/ })
  })

  it('is quoted for a shell in the hint', async () => {
    const here = join(cwd, CONFIG_FILE)
    await writeFile(here, 'cluster: c\n')
    await chmod(here, 0o666)
    await expect(findConfig({ cwd })).rejects.toMatchObject({ hint: expect.stringContaining(`chmod go-w '${here}'`) })
  })
})

const foreign = { code: 'CONFIG_INVALID', message: expect.stringContaining('belongs to another user') }

import { join } from 'node:path'
import { putFile } from '../files.ts'
import type { LabNode } from '../layout.ts'
import { pathsOf } from '../layout.ts'
import { crictlShim } from './crictl.ts'
import { sudoShim } from './sudo.ts'
import { systemctlShim } from './systemctl.ts'

/** Writes the node's own commands; its SSH server puts their directory first into PATH. */
export async function writeShims(node: LabNode): Promise<void> {
  const { bin, containers, units, logs } = pathsOf(node)
  await putFile(join(bin, 'crictl'), crictlShim(containers), 0o700)
  await putFile(join(bin, 'systemctl'), systemctlShim(units, logs), 0o700)
  await putFile(join(bin, 'sudo'), sudoShim(bin), 0o700)
}

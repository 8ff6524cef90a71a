import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { RescueError } from '../errors/rescue-error.ts'
import { API_PORT, MAIN_PORTS, SSH_PORT } from './layout.ts'

const TRIES = 20

/**
 * A `127.A.B` of this machine's loopback net that nobody else uses, so that sandboxes run side by side with kOps' ports.
 * All of 127.0.0.0/8 is there on Linux without set-up.
 */
export async function freeNet(): Promise<string> {
  for (let i = 0; i < TRIES; i++) {
    const net = `127.${randomInt(2, 250)}.${randomInt(1, 255)}`
    if (await allFree(`${net}.11`)) return net
  }
  throw new RescueError('PRECONDITION', 'no free loopback addresses for the sandbox', {
    hint: 'it needs addresses of 127.0.0.0/8, as Linux has them; stop other sandboxes and try again',
  })
}

async function allFree(address: string): Promise<boolean> {
  for (const port of [SSH_PORT, API_PORT, ...Object.values(MAIN_PORTS)]) {
    if (!(await isFree(address, port))) return false
  }
  return true
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, address, () => server.close(() => resolve(true)))
  })
}

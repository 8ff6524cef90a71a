import { createServer } from 'node:net'

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  const found = await new Promise<number | undefined>((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  await new Promise((resolve) => server.close(resolve))
  return found
}

/** A free loopback port whose successor is free too. */
export async function freePortPair(): Promise<number> {
  for (let i = 0; i < 50; i++) {
    const port = await tryPort(0)
    if (port && port < 65_535 && (await tryPort(port + 1))) return port
  }
  throw new Error('no two free ports in a row')
}

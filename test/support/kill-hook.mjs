// Loaded before the product (`node --import`): kills its own process with SIGKILL as soon as the line that
// ETCD_RESCUE_TEST_KILL names stands in a run's journal. From outside it could only be looked for again and again, which
// comes too late on a busy machine, and keeps one busy.
import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const wanted = JSON.parse(process.env.ETCD_RESCUE_TEST_KILL ?? 'null')

/** @param {string} line */
function isWanted(line) {
  const { type, step } = JSON.parse(line)
  return type === wanted.type && step === wanted.step
}

const open = promises.open
promises.open = async (path, ...how) => {
  const handle = await open(path, ...how)
  // a new run's is given its name when its first line stands in it
  if (!/\/journal\.ndjson(\.part)?$/.test(String(path))) return handle
  const append = handle.appendFile
  handle.appendFile = async (line, ...options) => {
    await append.call(handle, line, ...options)
    if (isWanted(line)) process.kill(process.pid, 'SIGKILL')
  }
  return handle
}
syncBuiltinESMExports()

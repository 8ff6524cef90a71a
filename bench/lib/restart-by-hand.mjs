// A plain restart of all etcd-managers over ssh: manifests away, wait until the containers are gone, manifests back.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Finds the manifest by what is in it, as names differ; `read` waits until all nodes have stopped. */
const SCRIPT = `
m=$(grep -ls 'name: etcd-manager-main$' etc/kubernetes/manifests/*) && mkdir -p aside && mv "$m" aside/ || exit 1
while crictl ps -o json | grep -q '"etcd-manager-main-'; do sleep 0.05; done
echo stopped; read go; mv aside/* etc/kubernetes/manifests/`

export async function restartByHand({ nodes, identityFile, knownHosts }) {
  const sessions = nodes.map(({ address, port }) => {
    const options = [
      '-o',
      `UserKnownHostsFile=${knownHosts}`,
      '-o',
      'BatchMode=yes',
      '-i',
      identityFile,
      '-p',
      String(port),
    ]
    return spawn('ssh', [...options, `drill@${address}`, SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] })
  })
  await Promise.all(sessions.map(({ stdout }) => once(stdout, 'data')))
  for (const { stdin } of sessions) stdin.end('go\n')
  for (const session of sessions) {
    const [code] = session.exitCode === null ? await once(session, 'exit') : [session.exitCode]
    if (code !== 0) throw new Error(`the restart by hand ended with ${code}`)
  }
}

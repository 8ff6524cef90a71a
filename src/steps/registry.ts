import type { AnyStep, Registry } from '../engine/step.ts'
import { checkControlFiles } from './check-control-files.ts'
import { checkCopy } from './check-copy.ts'
import { chooseCopy } from './choose-copy.ts'
import { cleanUpLeases } from './clean-up-leases.ts'
import { compareWithRunning } from './compare-with-running.ts'
import { confirmBackupsResume } from './confirm-backups-resume.ts'
import { discoverTrashcan } from './discover-trashcan.ts'
import { facts } from './facts.ts'
import { fetchMember } from './fetch-member.ts'
import { gzipSnapshot } from './gzip-snapshot.ts'
import { listNodes } from './list-nodes.ts'
import { publishBackup } from './publish-backup.ts'
import { removeSecrets } from './remove-secrets.ts'
import { restartApiserver } from './restart-apiserver.ts'
import { restartControlLoop } from './restart-control-loop.ts'
import { restartEtcdManager } from './restart-etcd-manager.ts'
import { restartKubelets } from './restart-kubelets.ts'
import { restoreLocally } from './restore-locally.ts'
import { saveCurrent } from './save-current.ts'
import { takeSnapshot } from './take-snapshot.ts'
import { trialRestore } from './trial-restore.ts'
import { triggerRestore } from './trigger-restore.ts'
import { verifyData } from './verify-data.ts'
import { watchRestore } from './watch-restore.ts'

const steps: AnyStep[] = [
  discoverTrashcan,
  chooseCopy,
  fetchMember,
  checkCopy,
  restoreLocally,
  listNodes,
  takeSnapshot,
  gzipSnapshot,
  publishBackup,
  trialRestore,
  checkControlFiles,
  saveCurrent,
  compareWithRunning,
  triggerRestore,
  restartEtcdManager,
  watchRestore,
  verifyData,
  restartApiserver,
  restartControlLoop,
  restartKubelets,
  cleanUpLeases,
  confirmBackupsResume,
  removeSecrets,
]

/** Every built-in step by its id, and the shapes of what they give each other. */
export const registry: Registry = { steps: new Map(steps.map((step) => [step.id, step])), facts }

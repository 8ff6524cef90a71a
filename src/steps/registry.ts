import type { AnyStep, Registry } from '../engine/step.ts'
import { checkControlFiles } from './check-control-files.ts'
import { checkCopy } from './check-copy.ts'
import { checkMembers } from './check-members.ts'
import { checkState } from './check-state.ts'
import { chooseBackup } from './choose-backup.ts'
import { chooseCopy } from './choose-copy.ts'
import { chooseGeneration } from './choose-generation.ts'
import { chooseRejoin } from './choose-rejoin.ts'
import { cleanUpLeases } from './clean-up-leases.ts'
import { compareWithRunning } from './compare-with-running.ts'
import { confirmBackupsResume } from './confirm-backups-resume.ts'
import { copyAside } from './copy-aside.ts'
import { discoverTrashcan } from './discover-trashcan.ts'
import { facts } from './facts.ts'
import { fence } from './fence.ts'
import { fetchMember } from './fetch-member.ts'
import { gzipSnapshot } from './gzip-snapshot.ts'
import { joinMember } from './join-member.ts'
import { keepBackup } from './keep-backup.ts'
import { listNodes } from './list-nodes.ts'
import { prepareSeed } from './prepare-seed.ts'
import { proveWrites } from './prove-writes.ts'
import { publishBackup } from './publish-backup.ts'
import { removeSecrets } from './remove-secrets.ts'
import { replaceMembers } from './replace-members.ts'
import { restartApiserver } from './restart-apiserver.ts'
import { restartControlLoop } from './restart-control-loop.ts'
import { restartEtcdManager } from './restart-etcd-manager.ts'
import { restartKubelets } from './restart-kubelets.ts'
import { restoreLocally } from './restore-locally.ts'
import { saveCurrent } from './save-current.ts'
import { seedMembers } from './seed-members.ts'
import { startEtcdManager } from './start-etcd-manager.ts'
import { stopEtcdManager } from './stop-etcd-manager.ts'
import { stopMember } from './stop-member.ts'
import { swapDirectories } from './swap-directories.ts'
import { takeSnapshot } from './take-snapshot.ts'
import { trialRestore } from './trial-restore.ts'
import { triggerRestore } from './trigger-restore.ts'
import { unfence } from './unfence.ts'
import { verifyData } from './verify-data.ts'
import { verifyMembers } from './verify-members.ts'
import { watchMembers } from './watch-members.ts'
import { watchRestore } from './watch-restore.ts'
import { writeState } from './write-state.ts'

const steps: AnyStep[] = [
  discoverTrashcan,
  chooseCopy,
  chooseGeneration,
  copyAside,
  chooseBackup,
  fetchMember,
  checkCopy,
  restoreLocally,
  checkMembers,
  listNodes,
  takeSnapshot,
  gzipSnapshot,
  publishBackup,
  keepBackup,
  trialRestore,
  checkState,
  fence,
  checkControlFiles,
  saveCurrent,
  prepareSeed,
  seedMembers,
  stopEtcdManager,
  swapDirectories,
  writeState,
  startEtcdManager,
  watchMembers,
  compareWithRunning,
  triggerRestore,
  restartEtcdManager,
  watchRestore,
  verifyData,
  proveWrites,
  unfence,
  replaceMembers,
  chooseRejoin,
  stopMember,
  joinMember,
  verifyMembers,
  restartApiserver,
  restartControlLoop,
  restartKubelets,
  cleanUpLeases,
  confirmBackupsResume,
  removeSecrets,
]

/** Every built-in step by its id, and the shapes of what they give each other. */
export const registry: Registry = { steps: new Map(steps.map((step) => [step.id, step])), facts }

/** Exit codes that scripts rely on. `docs/exit-codes.md` is checked against this table. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  invalidRunbook: 10,
  precondition: 20,
  notAllSearched: 21,
  stepFailed: 30,
  wrongResult: 40,
  danger: 50,
  stopped: 130,
} as const

/**
 * Every error code with its exit code and one sentence of meaning. Codes are what scripts match on: add, don't rename.
 * `exit` is the code when the error ends a command by itself; inside a run a precondition stays 20 until the first
 * change was made and is 30 after it (see `engine/run.ts`).
 */
export const errorTable = {
  BUG: { exit: 1, meaning: 'A bug in the tool.' },
  USAGE: { exit: 2, meaning: 'A flag is wrong or flags contradict each other.' },
  CONFIG_INVALID: { exit: 2, meaning: 'The configuration file cannot be read or has problems.' },
  RUNBOOK_INVALID: { exit: 10, meaning: 'A runbook has problems; each is printed with file:line:column.' },
  ANSWER_MISSING: { exit: 20, meaning: 'A question needs an answer and there is no terminal to ask on.' },
  CONFIRMATION_WRONG: { exit: 20, meaning: "The cluster's name was not typed as expected." },
  LOCKED: { exit: 20, meaning: 'Another operator holds the lock of this etcd cluster.' },
  LOCK_LOST: { exit: 30, meaning: 'The lock was broken or expired while the run was going on.' },
  RUN_UNKNOWN: { exit: 2, meaning: 'No run with that id, or its journal cannot be read.' },
  JOURNAL_INVALID: { exit: 20, meaning: 'A journal is damaged in the middle; only a torn last line is expected.' },
  PRECONDITION: { exit: 20, meaning: 'Something that a step relies on does not hold.' },
  STEP_FAILED: { exit: 30, meaning: 'A step failed.' },
  TIMED_OUT: { exit: 30, meaning: 'A named condition did not become true before its deadline.' },
  NOT_VERIFIED: { exit: 40, meaning: 'The result was compared and is not right.' },
  STOPPED: { exit: 130, meaning: 'Stopped by the operator; the run can be resumed.' },
  HOST_UNREACHABLE: { exit: 20, meaning: 'A node does not answer on its SSH port.' },
  HOST_KEY_UNKNOWN: { exit: 20, meaning: "A node's host key is not in known_hosts." },
  HOST_KEY_CHANGED: { exit: 20, meaning: "A node's host key is another one than in known_hosts, or is revoked." },
  HOST_AUTH: { exit: 20, meaning: 'A node refuses the login.' },
  HOST_SUDO: { exit: 20, meaning: 'sudo is not allowed on a node, or wants a password.' },
  HOST_COMMAND: { exit: 30, meaning: 'A command on a node ended with an unexpected exit code.' },
  HOST_CONNECTION_LOST: { exit: 30, meaning: 'The connection to a node broke while in use.' },
  HOST_OUTPUT: { exit: 30, meaning: 'A node answered with more than expected, or with something else than expected.' },
  STORE_UNREACHABLE: { exit: 20, meaning: 'The backup store does not answer.' },
  STORE_AUTH: { exit: 20, meaning: 'The backup store refuses the credentials.' },
  STORE_MISSING: { exit: 20, meaning: 'The bucket or the folder of the backup store does not exist.' },
  STORE_FAILED: { exit: 30, meaning: 'The backup store failed in the middle of a request, after retries.' },
  STORE_UNCONDITIONAL: {
    exit: 20,
    meaning: 'The backup store has no conditional writes, so a lock on it would keep nobody out.',
  },
  STORE_CONFLICT: {
    exit: 30,
    meaning: 'An object that had to be new exists, or one that had to be unchanged was changed.',
  },
  STORE_CORRUPT: { exit: 30, meaning: 'What came back from the backup store is not what was written.' },
  OBJECT_MISSING: { exit: 20, meaning: 'An object that must be there is not.' },
  OBJECT_ARCHIVED: {
    exit: 20,
    meaning: 'An object is in an archive class and has to be restored before it can be read.',
  },
  OBJECT_UNREADABLE: {
    exit: 20,
    meaning: 'The store has an object and does not give it out: no right to it or to its key, or its disk fails.',
  },
  ETCD_MISSING: { exit: 20, meaning: 'No etcd binaries of the needed minor version were found.' },
  ETCD_FAILED: { exit: 30, meaning: 'A local etcd or one of its tools failed.' },
  LEASES_EXPIRED: {
    exit: 30,
    meaning: 'Leases ran out in a working copy while it was looked at: this machine was too slow.',
  },
  ETCD_UNREACHABLE: { exit: 30, meaning: "The cluster's etcd does not answer." },
  VERSION_MISMATCH: { exit: 20, meaning: 'These versions of etcd and etcd-manager cannot restore this backup.' },
  COPY_NOT_FOUND: { exit: 20, meaning: 'No copy of the data was found, or not the one that was named.' },
  COPY_CORRUPT: { exit: 30, meaning: 'A copy of the data is damaged, truncated or empty.' },
  COPY_CHANGED: { exit: 30, meaning: 'A file changed while it was read.' },
  BACKUP_INVALID: { exit: 30, meaning: 'A backup in the store cannot be restored as it is.' },
  CONTROL_FILES: { exit: 20, meaning: "etcd-manager's control files are missing, empty or contradict each other." },
  COMMAND_PENDING: { exit: 20, meaning: 'Another etcd-manager command is waiting in the store.' },
  DISK_FULL: { exit: 30, meaning: 'There is no room for a file on this machine or on a node.' },
  LOCAL_FILE: { exit: 30, meaning: 'A file on this machine cannot be read or written.' },
} as const satisfies Record<string, { exit: number; meaning: string }>

export type ErrorCode = keyof typeof errorTable

import { RescueError } from '../errors/rescue-error.ts'

/** The answers that every object store gives in the same words. `url` is the store's own, as the operator wrote it. */
export function objectMissing(url: string, key: string, cause?: unknown): RescueError {
  return new RescueError('OBJECT_MISSING', `there is no ${key} in ${url}`, {
    hint: 'see what is there: etcd-rescue backup list',
    cause,
  })
}

export function existsAlready(url: string, key: string, cause?: unknown): RescueError {
  return new RescueError('STORE_CONFLICT', `${key} in ${url} exists already`, {
    hint: 'someone else wrote it; look at it before you go on: etcd-rescue backup list',
    cause,
  })
}

export function changedMeanwhile(url: string, key: string, cause?: unknown): RescueError {
  return new RescueError('STORE_CONFLICT', `${key} in ${url} was changed or removed by someone else`, {
    hint: 'find out who else works on this cluster, then run the command again',
    cause,
  })
}

export function tooLarge(url: string, key: string, maxBytes: number): RescueError {
  return new RescueError('STORE_CORRUPT', `${key} in ${url} is larger than the ${maxBytes} bytes that it may have`, {
    hint: 'neither etcd-manager nor this tool writes such a file; look at it by hand',
  })
}

export function tooMany(url: string, prefix: string, limit: number): RescueError {
  return new RescueError('STORE_CORRUPT', `there are more than ${limit} objects below ${url}/${prefix}`, {
    hint: 'check that the backup store in the config is the folder of one etcd cluster: etcd-rescue config show',
  })
}

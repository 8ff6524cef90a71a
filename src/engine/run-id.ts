import { randomInt } from 'node:crypto'

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'
const RUN_ID = /^\d{8}T\d{6}Z-[a-z0-9]{6}$/

/** Sorts by time and is a safe file name: `20240321T130205Z-k3f9aq`. */
export function newRunId(now: Date): string {
  const time = `${now.toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`
  return `${time}-${Array.from({ length: 6 }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`
}

export const isRunId = (text: string) => RUN_ID.test(text)

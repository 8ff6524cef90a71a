import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take minutes, then those that take most of one; all others need seconds. */
const LONG = [/\/drills\/kill/, /\/drills\//, /\/(steps\/swap-directories|bolt\/member-log|commands\/)/]

/** Longest first, so that no worker is left alone with a long file at the end: a fresh clone has no times of an earlier run. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const weight = ({ moduleId }: TestSpecification) => LONG.findIndex((path) => path.test(moduleId))
    const place = (file: TestSpecification) => (weight(file) < 0 ? LONG.length : weight(file))
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

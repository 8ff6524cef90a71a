import { nearest } from '../errors/nearest.ts'

/** `did you mean "x"?`, or the list of what there is when nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const all = [...known]
  const near = nearest(word, all)
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`
  return all.length === 0 ? 'none is known' : `known: ${all.slice(0, 40).join(', ')}`
}

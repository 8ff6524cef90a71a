/** `did you mean "x"?`, or the list of what there is when nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const all = [...known]
  const near = all
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .sort((a, b) => a.distance - b.distance)[0]
  if (near && near.distance <= Math.max(2, Math.floor(near.name.length / 3)))
    return `did you mean ${JSON.stringify(near.name)}?`
  return all.length === 0 ? 'none is known' : `known: ${all.slice(0, 40).join(', ')}`
}

/** Levenshtein distance; words longer than 64 are cut. */
function editDistance(left: string, right: string): number {
  const [a, b] = [left.slice(0, 64), right.slice(0, 64)]
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (char === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

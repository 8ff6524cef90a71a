// Numbers for people.

export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return { min: sorted[0], median: sorted[Math.floor((sorted.length - 1) / 2)], max: sorted.at(-1) }
}

/** `name   min / median / max`, aligned; `digits` after the point. */
export function line(name, values, { digits = 2, unit = '', goal = '' } = {}) {
  const { min, median, max } = spread(values)
  const numbers = [min, median, max].map((value) => value.toFixed(digits).padStart(8)).join(' ')
  return `${name.padEnd(46)}${numbers} ${unit.padEnd(3)}${goal}`.trimEnd()
}

export const head = (title) =>
  `${title.padEnd(46)}${['min', 'median', 'max'].map((name) => name.padStart(8)).join(' ')}`

/** What YAML 1.1 or Go would take for a number, a date, a truth value or nothing, though it is text. */
const ODD = /^(?:[-+.~=<\d].*|y|n|yes|no|on|off|true|false|null)?$/i

/**
 * One YAML document. kubectl reads YAML 1.1: there `on` is a truth value, `1_000` and `0o17` are numbers, as values and
 * as keys. Text that looks like that is quoted, so that a ConfigMap's `flag: "on"` stays text.
 */
export async function toYaml(object: Record<string, unknown>): Promise<string> {
  const { Document, visit } = await import('yaml')
  const document = new Document(object)
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && ODD.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  // one line a string: a wrapped base64 is hard to compare by eye
  return `---\n${document.toString({ lineWidth: 0 })}`
}

import { S3Error } from './s3-error.ts'

export type XmlValue = string | number | boolean | undefined | XmlFields | readonly XmlFields[]
export interface XmlFields {
  [name: string]: XmlValue
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A document; arrays repeat their element, absent fields are left away. */
export function xmlDocument(root: string, fields: XmlFields, namespace = true): string {
  const attribute = namespace ? ` xmlns="${NAMESPACE}"` : ''
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${inner(fields)}</${root}>`
}

function inner(fields: XmlFields): string {
  return Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join('')
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((item: XmlFields) => element(name, item)).join('')
  const content = typeof value === 'object' ? inner(value as XmlFields) : escapeText(String(value))
  return `<${name}>${content}</${name}>`
}

function escapeText(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\r/g, '&#13;')
}

export interface XmlNode {
  name: string
  text: string
  children: XmlNode[]
}

/** The small part of XML that S3 clients send: elements, text, entities. `MalformedXML` for anything that does not close. */
export function parseXml(source: string): XmlNode {
  const root: XmlNode = { name: '', text: '', children: [] }
  const stack = [root]
  for (const [, close, name, selfClosing, text] of source.matchAll(
    /<(\/?)([A-Za-z][\w.:-]*)[^<>]*?(\/?)>|<[?!][^<>]*>|([^<]+)/g,
  )) {
    const top = stack.at(-1)
    if (!top) throw new S3Error('MalformedXML')
    if (text !== undefined) top.text += decodeEntities(text)
    else if (name !== undefined && close) {
      if (top.name !== local(name)) throw new S3Error('MalformedXML')
      stack.pop()
    } else if (name !== undefined) {
      const node = { name: local(name), text: '', children: [] }
      top.children.push(node)
      if (!selfClosing) stack.push(node)
    }
    if (stack.length > 20) throw new S3Error('MalformedXML')
  }
  const [document] = root.children
  if (!document || stack.length !== 1) throw new S3Error('MalformedXML')
  return document
}

const local = (name: string) => name.slice(name.indexOf(':') + 1)

export function childrenOf(node: XmlNode | undefined, name: string): XmlNode[] {
  return node?.children.filter((child) => child.name === name) ?? []
}

export function textOf(node: XmlNode | undefined, ...path: string[]): string | undefined {
  let at: XmlNode | undefined = node
  for (const name of path) at = childrenOf(at, name)[0]
  return at?.text
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16))
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)))
    return ENTITIES[name] ?? whole
  })
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

export const root = join(import.meta.dirname, '..', '..')

/** Words that the product may print: a literal of its source, with `exprs` where its holes are. */
export interface Literal {
  /** File and line. */
  where: string
  text: string
  /** The source of what fills each `HOLE` of the text. */
  exprs: string[]
}

/** Stands in `text` for what is known only when it runs. */
export const HOLE = '\u{E000}'

const filesOf = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))

/** Every literal of the product. What the drill's double prints on its own nodes is not ours. */
export function literals(): Literal[] {
  known ??= read()
  return known
}

let known: Literal[] | undefined

function read(): Literal[] {
  const files = [...filesOf('src', '.ts'), ...filesOf('commands', '.ts')]
  return files.filter((file) => !file.startsWith(join('src', 'lab'))).flatMap(literalsOf)
}

function literalsOf(file: string): Literal[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Literal[] = []
  const visit = (node: ts.Node): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
    const where = `${file}:${line + 1}`
    if (ts.isStringLiteralLike(node)) found.push({ where, text: node.text, exprs: [] })
    if (ts.isTemplateExpression(node)) {
      const text = [node.head, ...node.templateSpans.map(({ literal }) => literal)].map((part) => part.text).join(HOLE)
      found.push({ where, text, exprs: node.templateSpans.map(({ expression }) => expression.getText(source)) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** What pages show as typed: code in backticks, and the lines of their blocks. */
export function typedInPages(): Literal[] {
  const pages = ['README.md', ...filesOf('docs', '.md')].filter((page) => !page.includes('transcripts'))
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8')
    const blocks = [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
    const spans = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
    return [...blocks.flatMap((block) => block.split('\n')), ...spans].map((line) => ({
      where: page,
      text: line,
      exprs: [],
    }))
  })
}

export function runbookTexts(): Literal[] {
  return filesOf('runbooks', '.yaml').map((file) => ({
    where: file,
    text: readFileSync(join(root, file), 'utf8'),
    exprs: [],
  }))
}

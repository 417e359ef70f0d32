import { spawnSync } from 'node:child_process'

/**
 * The place and the line of a syntax error, as Node shows them; undefined for one that came while code ran, as out of
 * `JSON.parse`.
 */
export function syntaxExcerpt(error: unknown, file: string): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined
  const { stack = '' } = error
  return excerptIn(stack) ?? (stack.includes('compileSourceTextModule') ? excerptIn(uncaught(file)) : undefined)
}

/**
 * What Node prints of the error when nobody catches it: for some errors only then it says where they are. No code of the
 * file runs, as all of it is compiled before any of it is run.
 */
const uncaught = (file: string): string =>
  spawnSync(process.execPath, [...process.execArgv, file], { encoding: 'utf8', timeout: 10_000 }).stderr

/** Stands before the name of the error. */
function excerptIn(text: string): string | undefined {
  const [head = ''] = text.split(/^SyntaxError/m)
  return /:\d+\n/.test(head) ? head.replace(/^file:\/\//, '').trim() : undefined
}

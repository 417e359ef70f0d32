import { isMillraceError } from '@millrace/core'
import { fileURLToPath } from 'node:url'

/** Where in the user's own files an error was thrown, as `file:line:column`; undefined for an error of Millrace. */
export function userPlace(error: unknown): string | undefined {
  if (!(error instanceof Error) || isMillraceError(error)) return undefined
  const frames = (error.stack ?? '').split('\n').map((line) => /(file:\/\/.+):(\d+):(\d+)\)?$/.exec(line))
  const own = frames.find((frame) => frame?.[1] !== undefined && isOwn(frame[1]))
  return own?.[1] && `${fileURLToPath(own[1])}:${own[2]}:${own[3]}`
}

const here = new URL('../../', import.meta.url).href

const isOwn = (url: string): boolean => !url.includes('/node_modules/') && !url.startsWith(here)

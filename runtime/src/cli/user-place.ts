import { isMillraceError } from '@millrace/core'
import { fileURLToPath } from 'node:url'

/** Where in the user's own files an error was thrown, as `file:line:column`; undefined for an error of Millrace. */
export function userPlace(error: unknown): string | undefined {
  if (!(error instanceof Error) || isMillraceError(error)) return undefined
  const frames = (error.stack ?? '').split('\n').map((line) => /(file:\/\/.+):(\d+):(\d+)\)?$/.exec(line))
  const first = frames.find((frame) => frame?.[1] !== undefined && isOfUser(frame[1]))
  return first?.[1] && `${fileURLToPath(first[1])}:${first[2]}:${first[3]}`
}

/** In a checkout; elsewhere both lie in `node_modules`. */
const ownFolders = [new URL('../', import.meta.url).href, new URL('./', import.meta.resolve('@millrace/core')).href]

const isOfUser = (url: string): boolean =>
  !url.includes('/node_modules/') && !ownFolders.some((folder) => url.startsWith(folder))

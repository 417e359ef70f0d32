import { MillraceError } from '@millrace/core'
import { escapeName } from './hive.ts'
import type { HiveValue } from './hive.ts'

/** Chooses the subfolder of a record. */
export type ChooseSubfolder<T> = (value: T, time: number) => string

const dayMs = 86_400_000

/** Compiles the `subfolder` option; a string for one that is the same for all records. */
export function compileSubfolder<T>(option: string | ChooseSubfolder<T> | undefined): string | ChooseSubfolder<T> {
  if (typeof option === 'function') return option
  if (!option?.includes('{')) return checkSubfolder(option ?? '')
  const parts = option.split(/\{([^{}]*)\}/).map((part, i) => (i % 2 === 0 ? () => part : placeholder<T>(part)))
  return (value, time) => {
    let path = ''
    for (const part of parts) path += part(value, time)
    return path
  }
}

/** Lets through a relative path that stays inside the output folder and is not hidden. */
export function checkSubfolder(path: string): string {
  if (path === '' || path.split('/').every(isName)) return path
  throw new MillraceError(
    'SINK',
    `folder: the subfolder ${JSON.stringify(path)} is not a path below the output folder; make it with hive(), ` +
      `which is safe for any value`,
  )
}

/** Names of up to 255 bytes, none of which begins with a dot: those are hidden, and `..` leads outside. */
const isName = (name: string): boolean =>
  name !== '' && !name.startsWith('.') && !name.includes('\0') && Buffer.byteLength(name) <= 255

function placeholder<T>(name: string): ChooseSubfolder<T> {
  if (name === 'date') return dateOfTime()
  if (name === 'hour') return (_, time) => String(Math.floor((time % dayMs) / 3_600_000)).padStart(2, '0')
  return (value) => escapeName((value as Readonly<Record<string, HiveValue>> | null)?.[name])
}

/** `2026-11-25`, worked out once a day. */
function dateOfTime(): (value: unknown, time: number) => string {
  let day = NaN
  let date = ''
  return (_, time) => {
    const now = Math.floor(time / dayMs)
    if (now !== day) date = new Date(now * dayMs).toISOString().slice(0, 10)
    day = now
    return date
  }
}

import { Secret } from '@millrace/core'
import type { Io } from './io.ts'
import { redisPasswordVariable, sentinelPasswordVariable } from './state/state-target.ts'

/** What stands between the scheme and the host; the last `@` counts, as a password may hold one by mistake. */
const access = /((?:^|=)rediss?(?:\+\w+)?:\/\/)(.*)@/is

/** A command line as others may see it. */
export const withoutPasswords = (args: readonly string[]): string[] =>
  args.map((arg) => arg.replace(access, (_, scheme: string, found: string) => `${scheme}${userOf(found)}[secret]@`))

/** Tells the redactor what must not be printed, whatever becomes of the command. */
export function hidePasswords(args: readonly string[], { env, redactor }: Pick<Io, 'env' | 'redactor'>): void {
  const found = args.flatMap((arg) => access.exec(arg)?.[2] ?? []).map(passwordIn)
  const given = [redisPasswordVariable, sentinelPasswordVariable].map((name) => env[name] ?? '')
  for (const text of [...found, ...found.map(decoded), ...given])
    if (text !== '') redactor.watch(new Secret(() => text))
}

/** Every user of a machine may read the command lines of all processes: takes passwords out of that of this one. */
export function hideCommandLine(args: readonly string[], process: { title: string }): void {
  const shown = withoutPasswords(args)
  if (shown.some((arg, i) => arg !== args[i])) process.title = ['millrace', ...shown].join(' ')
}

const userOf = (found: string): string => (found.includes(':') ? found.slice(0, found.indexOf(':') + 1) : '')

const passwordIn = (found: string): string => found.slice(found.indexOf(':') + 1)

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

import { badOption, durationMs } from '@millrace/core'
import { InvalidArgumentError, Option } from 'commander'

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value]

/** `--set name=value`, as often as needed. */
export const setOption = (): Option =>
  new Option('--set <name=value>', 'value of a parameter; of a secret: name=env:NAME or name=file:PATH (repeatable)')
    .argParser(collect)
    .default([], 'none')

/** `--drop state`, as often as needed. */
export const dropOption = (): Option =>
  new Option('--drop <name>', 'forget what is stored of a state, source or sink that is gone or changed (repeatable)')
    .argParser(collect)
    .default([], 'none')

/** `--state where` of the commands that look into what a job has stored. */
export const stateOption = (): Option =>
  new Option('--state <where>', 'a state file, or the URL of a Redis (default: the file in ./.millrace)')

/** `--state url` of the commands that are about workers who share a job. */
export const redisOption = (): Option =>
  new Option('--state <url>', 'the Redis that the workers share').makeOptionMandatory()

/** `--job name` of the commands that look into what a job has stored. */
export const jobOption = (): Option =>
  new Option('--job <name>', 'the job: needed for a Redis; a state file must belong to it')

/** `--state-store where` of the commands that need the state itself. */
export const stateStoreOption = (): Option =>
  new Option('--state-store <where>', "where the workers keep state: 'redis', or file:PATH (default: redis)")

/** `--all`: long lists are not cut. */
export const allOption = (): Option => new Option('--all', 'all of a long list')

/** `--code CODE`. */
export const codeOption = (): Option => new Option('--code <code>', 'only those with this error code, e.g. LATE')

/** `--json`. */
export const jsonOption = (): Option => new Option('--json', 'print JSON')

/** A whole number of 1 or more. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('Give a whole number, 1 or more.')
}

/** Milliseconds of a duration that is longer than zero. Throws BAD_OPTION that names the option. */
export function durationOption(text: string, option: string): number {
  const ms = durationMs(/^\d+$/.test(text) ? Number(text) : text, option)
  if (ms > 0) return ms
  throw badOption(`${option}: must be longer than zero`)
}

/** Examples for the end of a help text. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ millrace ${line}`).join('\n')}`

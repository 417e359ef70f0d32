import { MillraceError } from '../../errors.ts'
import { badRecord } from '../bad-record.ts'
import type { StandardIssue, StandardProperties } from './standard-schema.ts'

/** What a schema makes of a value; throws for one that it refuses, or cannot answer for at once. */
export function validated<T>(schema: StandardProperties<unknown, T>, value: unknown): T {
  let result
  try {
    result = schema.validate(value)
  } catch (cause) {
    throw new MillraceError('USER_CODE', `the schema threw: ${String(cause)}`, { cause })
  }
  if (result instanceof Promise) throw promised(result)
  if (result.issues) throw badRecord(result.issues.map(issueText).join('; '))
  return result.value
}

function promised(result: Promise<unknown>): MillraceError {
  // Nobody waits for it; without this its failure would end the process.
  result.catch(() => {})
  return badRecord('the schema answered with a promise: it is asynchronous, or threw; a codec validates synchronously')
}

function issueText({ message, path }: StandardIssue): string {
  const keys = path?.map((part) => String(typeof part === 'object' ? part.key : part)) ?? []
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
}

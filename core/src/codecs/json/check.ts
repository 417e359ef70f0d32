import type { MillraceError } from '../../errors.ts'
import { badRecord } from '../bad-record.ts'
import {
  isJsonObject,
  ownField,
  type ArrayPlan,
  type FieldPlan,
  type ObjectPlan,
  type ScalarPlan,
  type ValuePlan,
} from './plan.ts'

/** The way from a record down to a value, innermost first. */
interface Path {
  readonly key: string | number
  readonly parent: Path | undefined
}

/**
 * The declared fields of a record, each of its declared type, as a new object; throws a BAD_RECORD that names the field
 * and what was found there. It says what a JSON codec means, compiled code only says it faster.
 */
export function checked(plan: ObjectPlan, record: unknown): Record<string, unknown> {
  if (!isJsonObject(record)) throw misfit(undefined, 'an object', record)
  return checkFields(plan, record, undefined)
}

function checkFields(plan: ObjectPlan, value: object, path: Path | undefined): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const field of plan.fields) {
    const found = checkField(field, ownField(value, field.name), path)
    if (found !== undefined) kept[field.name] = found
  }
  return kept
}

function checkField(
  { name, value, optional, default: absent }: FieldPlan,
  found: unknown,
  path: Path | undefined,
): unknown {
  if (found === undefined && optional) return absent
  return checkValue(value, found, { key: name, parent: path })
}

function checkValue(plan: ValuePlan, found: unknown, path: Path): unknown {
  if (found === null && plan.nullable) return null
  switch (plan.kind) {
    case 'object':
      if (isJsonObject(found)) return checkFields(plan, found, path)
      break
    case 'array':
      if (Array.isArray(found)) return checkItems(plan, found, path)
      break
    case 'any':
      return found
    default:
      if (isScalar(plan, found)) return found
  }
  throw misfit(path, words[plan.kind], found)
}

const checkItems = ({ of }: ArrayPlan, items: readonly unknown[], path: Path): unknown[] =>
  Array.from(items, (item, index) => checkValue(of, item, { key: index, parent: path }))

/** Whether a value is of the type that a plan asks for. */
function isScalar({ kind }: ScalarPlan, value: unknown): boolean {
  switch (kind) {
    case 'string':
    case 'boolean':
      return typeof value === kind
    case 'number':
      return Number.isFinite(value)
    case 'int':
      return Number.isSafeInteger(value)
  }
}

const words: Readonly<Record<Exclude<ValuePlan['kind'], 'any'>, string>> = {
  string: 'a string',
  number: 'a finite number',
  int: 'a whole number of at most 2^53 − 1',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

function misfit(path: Path | undefined, expected: string, found: unknown): MillraceError {
  return badRecord(
    `${path === undefined ? 'the record' : pathText(path)}: expected ${expected}, found ${foundText(found)}`,
  )
}

function pathText({ key, parent }: Path): string {
  if (typeof key === 'number') return `${parent === undefined ? '' : pathText(parent)}[${key}]`
  return parent === undefined ? key : `${pathText(parent)}.${key}`
}

/** Says what a value is without showing text, which may be private. */
function foundText(found: unknown): string {
  if (found === undefined) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  switch (typeof found) {
    case 'object':
      return found === null ? 'null' : 'an object'
    case 'number':
    case 'boolean':
      return String(found)
    default:
      return `a ${typeof found}`
  }
}

/**
 * The declared fields of a value, whatever their types: what a validator is given. Objects that are closed and have
 * other fields stay whole, so that it sees what it must refuse.
 */
export function projected(plan: ValuePlan, value: unknown): unknown {
  if (plan.kind === 'array' && Array.isArray(value)) return value.map((item) => projected(plan.of, item))
  if (plan.kind !== 'object' || !isJsonObject(value)) return value
  if (plan.closed && hasOthers(plan, value)) return value
  const kept: Record<string, unknown> = {}
  for (const { name, value: inner } of plan.fields) {
    const found = ownField(value, name)
    if (found !== undefined) kept[name] = projected(inner, found)
  }
  return kept
}

const hasOthers = (plan: ObjectPlan, value: object): boolean =>
  Object.keys(value).some((key) => !plan.fields.some(({ name }) => name === key))

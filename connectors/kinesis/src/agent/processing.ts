import { badOption } from '@millrace/core'
import { Ec2Metadata } from './ec2-metadata.ts'
import { javaRegex } from './java-regex.ts'
import { logFormats, type LogFormat } from './log-formats.ts'
import { unknownName } from './unknown-name.ts'

/** What is made of a record; throws for one that cannot be converted. Lines within are separated by `\n`; there is none at the end. */
export type Convert = (record: string) => string

/** An entry of `dataProcessingOptions`. */
type Option = Readonly<Record<string, unknown>>

type MakeConvert = (option: Option, where: string) => Convert | Processing

/** A conversion, and what is to be known before the first record. */
export interface Processing {
  readonly convert: Convert
  readonly prepare: () => Promise<void>
}

const kinds: Readonly<Record<string, MakeConvert>> = {
  SINGLELINE: singleLine,
  CSVTOJSON: csvToJson,
  LOGTOJSON: logToJson,
  ADDMETADATA: addMetadata,
  ADDEC2METADATA: addEc2Metadata,
  ADDBRACKETS: () => (record) => `{${record}}`,
}

/** What each of them may have beside its name. */
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  SINGLELINE: ['parseOptions'],
  CSVTOJSON: ['customFieldNames', 'delimiter', 'jsonFormat'],
  LOGTOJSON: ['logFormat', 'matchPattern', 'customFieldNames', 'jsonFormat'],
  ADDMETADATA: ['metadata', 'metadataFields', 'timestamp', 'jsonFormat'],
  ADDEC2METADATA: ['metadataTTL', 'jsonFormat'],
}

const refusals: Readonly<Record<string, string>> = {
  USINGPLUGGIN: 'it names a class of Java; write a topology instead',
}

/** All of `dataProcessingOptions`, one after the other. @throws MillraceError BAD_OPTION, naming the entry */
export function compileProcessing(options: unknown, where: string): Processing | undefined {
  if (options === undefined) return undefined
  if (!Array.isArray(options)) throw badOption(`${where}: must be a list`)
  const steps = options.map((option: unknown, i) => {
    const place = `${where}[${i}]`
    if (typeof option !== 'object' || option === null) throw badOption(`${place}: must be an object`)
    const { optionName } = option as Option
    const name = String(optionName).toUpperCase()
    const make = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (make !== undefined) return make(onlyKnown(option as Option, name, place), place)
    const reason = refusals[name] ?? `there are ${Object.keys(kinds).join(', ')}`
    throw badOption(`${place}.optionName: '${String(optionName)}' is not possible: ${reason}`)
  })
  const all = steps.map((step) =>
    typeof step === 'function' ? { convert: step, prepare: async () => undefined } : step,
  )
  return {
    convert: (record) => all.reduce((text, { convert }) => convert(text), record),
    prepare: async () => void (await Promise.all(all.map(({ prepare }) => prepare()))),
  }
}

function onlyKnown(option: Option, name: string, where: string): Option {
  const known = ['optionName', ...(fieldsOf[name] ?? [])]
  const other = Object.keys(option).find((field) => !known.includes(field))
  if (other !== undefined) throw unknownName(other, where, known)
  return option
}

function singleLine({ parseOptions }: Option, where: string): Convert {
  const given = parseOptions === undefined ? [] : listOf(parseOptions, `${where}.parseOptions`)
  const other = given.find((each) => each !== 'NO_TRIM' && each !== 'ESCAPE_NEW_LINE')
  if (other !== undefined) throw badOption(`${where}.parseOptions: '${other}' is none of NO_TRIM, ESCAPE_NEW_LINE`)
  const [keepsBlanks, escapes] = [given.includes('NO_TRIM'), given.includes('ESCAPE_NEW_LINE')]
  return (record) => {
    const lines = record.split('\n').map((line) => (keepsBlanks ? line : line.trim()))
    return lines.join(escapes ? '\\n' : '')
  }
}

function csvToJson(option: Option, where: string): Convert {
  const fields = listOf(option['customFieldNames'], `${where}.customFieldNames`)
  const delimiter = javaRegex(option['delimiter'] ?? ',', `${where}.delimiter`)
  const print = printer(option, where)
  return (record) => {
    const columns = split(record, delimiter)
    // as Java splits: empty ones at the end are none
    while (columns.at(-1) === '') columns.pop()
    return print(Object.fromEntries(fields.map((field, i) => [field, columns[i] ?? null])))
  }
}

/** `split` of JavaScript puts the groups of the delimiter among the columns. */
function split(text: string, delimiter: RegExp): string[] {
  const columns: string[] = []
  let from = 0
  for (const { 0: found, index } of text.matchAll(new RegExp(delimiter, `${delimiter.flags}g`))) {
    if (index + found.length === 0) continue
    columns.push(text.slice(from, index))
    from = index + found.length
  }
  return [...columns, text.slice(from)]
}

function logToJson(option: Option, where: string): Convert {
  const { pattern, fields, hasDashes } = formatOf(option, where)
  const print = printer(option, where)
  const format = typeof option['logFormat'] === 'string' ? option['logFormat'] : 'matchPattern'
  return (record) => {
    const match = pattern.exec(record)
    if (match === null) throw new Error(`the line does not match ${format}`)
    const values = match
      .slice(1)
      .map((value: string | undefined) => (value === '-' && hasDashes ? null : (value ?? null)))
    return print(Object.fromEntries(fields.map((field, i) => [field, values[i] ?? null])))
  }
}

function formatOf(option: Option, where: string): LogFormat {
  const { logFormat, matchPattern, customFieldNames } = option
  const known =
    typeof logFormat === 'string' && Object.hasOwn(logFormats, logFormat) ? logFormats[logFormat] : undefined
  if (known === undefined && (logFormat !== undefined || matchPattern === undefined))
    throw badOption(`${where}.logFormat: '${String(logFormat)}' is none of ${Object.keys(logFormats).join(', ')}`)
  const pattern = matchPattern === undefined ? undefined : javaRegex(matchPattern, `${where}.matchPattern`)
  if (pattern !== undefined && customFieldNames === undefined)
    throw badOption(`${where}.customFieldNames: must name the groups of matchPattern`)
  const fields = customFieldNames === undefined ? known?.fields : listOf(customFieldNames, `${where}.customFieldNames`)
  const format = {
    pattern:
      pattern === undefined
        ? (known as LogFormat).pattern
        : new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace('m', '')),
    fields: fields ?? [],
    hasDashes: known?.hasDashes ?? false,
  }
  const groups = (new RegExp(`${format.pattern.source}|`, format.pattern.flags).exec('')?.length ?? 1) - 1
  if (groups !== format.fields.length)
    throw badOption(`${where}.customFieldNames: names ${format.fields.length} fields of ${groups} groups`)
  return format
}

function addMetadata(option: Option, where: string): Convert {
  const metadata = option['metadata'] ?? option['metadataFields']
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw badOption(`${where}.metadata: must be an object`)
  const print = printer(option, where)
  const { timestamp = false } = option
  // the Agent wants it as text
  const hasTime = timestamp === 'true' || timestamp === true
  if (!hasTime && timestamp !== 'false' && timestamp !== false)
    throw badOption(`${where}.timestamp: ${JSON.stringify(timestamp)} is neither true nor false`)
  return (data) => print({ metadata, ...(hasTime && { ts: new Date().toISOString() }), data })
}

/** Of a record that is a JSON object. */
function addEc2Metadata(option: Option, where: string): Processing {
  const { metadataTTL = 3_600 } = option
  const seconds = Number(metadataTTL)
  if (!(seconds > 0)) throw badOption(`${where}.metadataTTL: '${String(metadataTTL)}' is no number of seconds`)
  const print = printer(option, where)
  const metadata = new Ec2Metadata(seconds * 1_000)
  return {
    convert: (record) => {
      const { current } = metadata
      if (current === undefined) return record
      const value: unknown = JSON.parse(record)
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new Error('the record is no JSON object, to which metadata could be added')
      return print({ ...value, ...current })
    },
    prepare: () => metadata.refresh(),
  }
}

function printer({ jsonFormat = 'COMPACT' }: Option, where: string): (value: object) => string {
  if (jsonFormat === 'COMPACT') return (value) => JSON.stringify(value)
  if (jsonFormat === 'PRETTYPRINT') return (value) => JSON.stringify(value, undefined, 2)
  throw badOption(`${where}.jsonFormat: '${String(jsonFormat)}' is neither COMPACT nor PRETTYPRINT`)
}

function listOf(value: unknown, where: string): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')) return value
  throw badOption(`${where}: must be a list of names`)
}

import { badOption, durationMs, positiveMs, sizeBytes } from '@millrace/core'
import type { Codec, Duration, Size } from '@millrace/core'

/** Options of {@link files}. */
export interface FilesOptions<T> {
  /** Path or glob, or several: `logs/*.log`, `in/**\/*.ndjson.gz`. Hidden files are matched only by a pattern with the dot. */
  readonly path: string | readonly string[]
  /** Files of whose paths this matches a part are left out, as of `logs/*` those that end in `.gz`. @default none */
  readonly exclude?: RegExp
  /** What a line is. */
  readonly decode: Codec<T>
  /**
   * Go on reading as files grow, and find new ones: the job has no end. A renamed file is read to its end beside the one
   * that takes its name; a truncated one is read from its start again.
   * @default false
   */
  readonly follow?: boolean
  /** `auto` looks at the first bytes of each file. @default 'auto' */
  readonly compression?: 'auto' | 'none' | 'gzip' | 'zstd'
  /**
   * Read a compressed file once before anything of it is delivered, to check its checksums: a damaged byte mostly
   * decompresses to something, and shows only at the end. Costs the decompression twice; not done for `follow`.
   * @default true
   */
  readonly verify?: boolean
  /** A longer line becomes a dead letter with its first 4 KiB. @default '1MiB' */
  readonly maxRecordBytes?: Size
  /**
   * A record is a line that this matches, with the lines behind it that it does not match: a stack trace belongs to its error. The last
   * one of a file that is followed is complete when the next one begins, or when nothing came for a second. Numbers of lines in messages
   * count records then.
   *
   * @default each line is a record
   */
  readonly recordStart?: RegExp
  /** Leaves out so many lines at the head of each file. @default 0 */
  readonly headerLines?: number
  /** Where files begin that are there when the job starts; later ones begin at their start. @default 'start' */
  readonly from?: 'start' | 'end'
  /** How often `follow` looks for new files. @default '1s' */
  readonly discoverEvery?: Duration
  /**
   * How long a file that was renamed, replaced or deleted must be silent until it counts as ended. Whoever writes it must
   * have opened the new file by then: what comes later is not read.
   * @default '30s'
   */
  readonly endAfter?: Duration
}

/** {@link FilesOptions} with defaults filled in. */
export interface ResolvedFilesOptions {
  readonly paths: readonly string[]
  readonly exclude: RegExp | undefined
  readonly follow: boolean
  readonly compression: 'auto' | 'none' | 'gzip' | 'zstd'
  readonly verify: boolean
  readonly maxRecordBytes: number
  readonly recordStart: RegExp | undefined
  readonly headerLines: number
  readonly from: 'start' | 'end'
  readonly discoverEveryMs: number
  readonly endAfterMs: number
}

/** More than this does not fit into one piece of memory beside what is read next. */
const mostRecordBytes = 512 * 1024 * 1024

/** Checks {@link FilesOptions} and fills in defaults. */
export function resolveFilesOptions<T>(options: FilesOptions<T>): ResolvedFilesOptions {
  const paths = typeof options.path === 'string' ? [options.path] : [...options.path]
  if (paths.length === 0 || paths.includes('')) throw badOption('files: `path` is empty; give a path or a glob')
  return {
    paths,
    exclude: regex(options.exclude, 'files: `exclude`'),
    follow: options.follow ?? false,
    compression: oneOf(options.compression ?? 'auto', ['auto', 'none', 'gzip', 'zstd'], 'files: `compression`'),
    verify: options.verify ?? true,
    maxRecordBytes: recordBytes(options.maxRecordBytes ?? '1MiB'),
    recordStart: regex(options.recordStart, 'files: `recordStart`'),
    headerLines: wholeNumber(options.headerLines ?? 0, 'files: `headerLines`'),
    from: oneOf(options.from ?? 'start', ['start', 'end'], 'files: `from`'),
    discoverEveryMs: positiveMs(options.discoverEvery ?? '1s', 'files: `discoverEvery`'),
    endAfterMs: durationMs(options.endAfter ?? '30s', 'files: `endAfter`'),
  }
}

function wholeNumber(value: number, field: string): number {
  if (Number.isInteger(value) && value >= 0) return value
  throw badOption(`${field} is ${String(value)}; give a whole number, 0 for none`)
}

function regex(pattern: RegExp | undefined, field: string): RegExp | undefined {
  if (pattern === undefined) return undefined
  if (!(pattern instanceof RegExp)) throw badOption(`${field} is no regular expression`)
  // one that remembers where it has matched would skip lines and files
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
}

/** When a file is full: whichever comes first. */
export interface RollOptions {
  /** On disk. @default '64MiB' */
  readonly size?: Size
  /** Since its first record; looked at when a checkpoint is taken. @default '1m' */
  readonly age?: Duration
  /** Number of records. @default none */
  readonly records?: number
}

/** Options of {@link folder}. */
export interface FolderOptions<T> {
  /** Folder that the files go to; made if it is missing. It may be used by several tasks, sinks and jobs. */
  readonly path: string
  /** How a record is written; each is followed by `\n`. */
  readonly encode: Codec<T>
  /**
   * Subfolder of a record: `'date={date}/page={page}'`, where `{date}` and `{hour}` are of its event time (UTC) and other
   * names are fields, or a function, best with {@link hive}.
   * @default none
   */
  readonly subfolder?: string | ((value: T, time: number) => string)
  /** When a file is closed and another one is begun. @default { size: '64MiB', age: '1m' } */
  readonly roll?: RollOptions
  /** @default 'none' */
  readonly compression?: 'none' | 'gzip' | 'zstd'
  /** Files written to at a time, one a subfolder; the one that was not used for longest is closed. @default 256 */
  readonly maxOpenFiles?: number
  /** Ending of the file names, without that of the compression. @default by the codec, e.g. '.ndjson' */
  readonly extension?: string
}

/** {@link FolderOptions} with defaults filled in. */
export interface ResolvedFolderOptions<T> {
  readonly path: string
  readonly encode: Codec<T>
  readonly subfolder: string | ((value: T, time: number) => string) | undefined
  readonly rollBytes: number
  readonly rollMs: number
  readonly rollRecords: number
  readonly compression: 'none' | 'gzip' | 'zstd'
  readonly maxOpenFiles: number
  readonly extension: string
}

const extensions: Readonly<Record<string, string>> = {
  'application/json': '.ndjson',
  'application/x-ndjson': '.ndjson',
  'text/csv': '.csv',
  'text/plain': '.txt',
}
const compressedExtensions = { none: '', gzip: '.gz', zstd: '.zst' }

/** Checks {@link FolderOptions} and fills in defaults. */
export function resolveFolderOptions<T>(options: FolderOptions<T>): ResolvedFolderOptions<T> {
  const compression = oneOf(options.compression ?? 'none', ['none', 'gzip', 'zstd'], 'folder: `compression`')
  if (options.path === '') throw badOption('folder: `path` is empty; give the folder that the files go to')
  const [mediaType = ''] = options.encode.contentType.split(';')
  const extension = options.extension ?? extensions[mediaType] ?? ''
  return {
    path: options.path,
    encode: options.encode,
    subfolder: options.subfolder,
    rollBytes: sizeBytes(options.roll?.size ?? '64MiB', 'folder: `roll.size`'),
    rollMs: durationMs(options.roll?.age ?? '1m', 'folder: `roll.age`'),
    rollRecords: atLeastOne(options.roll?.records ?? Infinity, 'folder: `roll.records`'),
    compression,
    maxOpenFiles: atLeastOne(options.maxOpenFiles ?? 256, 'folder: `maxOpenFiles`'),
    extension: checkedExtension(extension) + compressedExtensions[compression],
  }
}

function checkedExtension(extension: string): string {
  if (/^(\.[\w.-]+)?$/.test(extension)) return extension
  throw badOption(`folder: \`extension\`: ${JSON.stringify(extension)} is not an ending such as '.ndjson'`)
}

function atLeastOne(count: number, field: string): number {
  if (count >= 1 && (Number.isInteger(count) || count === Infinity)) return count
  throw badOption(`${field}: ${count} is not a whole number above zero`)
}

function recordBytes(size: Size): number {
  const bytes = sizeBytes(size, 'files: `maxRecordBytes`')
  if (bytes <= mostRecordBytes) return bytes
  throw badOption('files: `maxRecordBytes` is at most 512MiB')
}

/** Refuses a value that is not one of some words. */
function oneOf<const W extends string>(value: W, words: readonly W[], field: string): W {
  if (words.includes(value)) return value
  throw badOption(`${field}: ${JSON.stringify(value)} is not one of ${words.map((word) => `'${word}'`).join(', ')}`)
}

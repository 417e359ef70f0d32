import { badOption, durationMs, positiveMs, sizeBytes } from '@millrace/core'
import type { Codec, Duration, Size } from '@millrace/core'

/** Options of {@link files}. */
export interface FilesOptions<T> {
  /** Path or glob, or several: `logs/*.log`, `in/**\/*.ndjson.gz`. Hidden files are matched only by a pattern with the dot. */
  readonly path: string | readonly string[]
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
  /** A longer line becomes a dead letter with its first 4 KiB. @default '1MiB' */
  readonly maxRecordBytes?: Size
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
  readonly follow: boolean
  readonly compression: 'auto' | 'none' | 'gzip' | 'zstd'
  readonly maxRecordBytes: number
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
    follow: options.follow ?? false,
    compression: oneOf(options.compression ?? 'auto', ['auto', 'none', 'gzip', 'zstd'], 'files: `compression`'),
    maxRecordBytes: recordBytes(options.maxRecordBytes ?? '1MiB'),
    from: oneOf(options.from ?? 'start', ['start', 'end'], 'files: `from`'),
    discoverEveryMs: positiveMs(options.discoverEvery ?? '1s', 'files: `discoverEvery`'),
    endAfterMs: durationMs(options.endAfter ?? '30s', 'files: `endAfter`'),
  }
}

function recordBytes(size: Size): number {
  const bytes = sizeBytes(size, 'files: `maxRecordBytes`')
  if (bytes <= mostRecordBytes) return bytes
  throw badOption('files: `maxRecordBytes` is at most 512MiB')
}

/** Refuses a value that is not one of some words. */
export function oneOf<const W extends string>(value: W, words: readonly W[], field: string): W {
  if (words.includes(value)) return value
  throw badOption(`${field}: ${JSON.stringify(value)} is not one of ${words.map((word) => `'${word}'`).join(', ')}`)
}

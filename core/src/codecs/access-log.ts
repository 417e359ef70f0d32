import type { Codec, Decoder, Encoder } from '../connector/codec.ts'
import { badOption } from '../errors.ts'
import { PatternDecoder, type AccessLogFields } from './access-log/pattern.ts'
import type { AccessLogLayout, AccessLogRecord } from './access-log/record.ts'
import { AccessLogScanner } from './access-log/scanner.ts'
import { AccessLogWriter } from './access-log/writer.ts'
import { badRecord } from './bad-record.ts'

/** Options of {@link accessLog}. */
export interface AccessLogOptions<F extends AccessLogLayout | RegExp> {
  /**
   * `combined` and `common` as Apache writes them; `nginx` is combined, whatever follows the agent. A regular expression
   * makes a field of each named group; `at` and `time` become ms since 1970, `status` and `bytes` numbers.
   * @default 'combined'
   */
  readonly format?: F
}

/** What {@link accessLog} makes of a line. */
export type AccessLogOf<F> = F extends RegExp ? AccessLogFields : AccessLogRecord

const layouts: readonly AccessLogLayout[] = ['combined', 'common', 'nginx']

/**
 * Access logs of web servers, one request a line. A line of another form is refused as BAD_RECORD. Encoding writes a line
 * that decodes to the same, its time to the second; with a regular expression lines can only be read.
 *
 * @example
 * ```ts
 * from(files({ path: 'access.log', decode: accessLog(), follow: true }), { eventTime: 'at' })
 * ```
 */
export function accessLog<F extends AccessLogLayout | RegExp = 'combined'>(
  options: AccessLogOptions<F> = {},
): Codec<AccessLogOf<F>> {
  const format: AccessLogLayout | RegExp = options.format ?? 'combined'
  if (!(format instanceof RegExp) && !layouts.includes(format)) {
    throw badOption(
      `accessLog: \`format\`: ${JSON.stringify(format)} is not ${layouts.join(', ')} or a regular expression`,
    )
  }
  const codec: unknown = format instanceof RegExp ? patternCodec(format) : layoutCodec(format)
  return codec as Codec<AccessLogOf<F>>
}

function layoutCodec(layout: AccessLogLayout): Codec<AccessLogRecord> {
  const decoder = (): Decoder<AccessLogRecord> => new AccessLogScanner(layout)
  const encoder = (): Encoder<AccessLogRecord> => new AccessLogWriter(layout)
  return Object.freeze({
    contentType: 'text/plain; charset=utf-8',
    description: `accessLog(${layout})`,
    decoder,
    encoder,
  })
}

function patternCodec(pattern: RegExp): Codec<AccessLogFields> {
  const decoder = (): Decoder<AccessLogFields> => new PatternDecoder(pattern)
  decoder()
  const encode = (): never => {
    throw badRecord('accessLog with a regular expression can only be read')
  }
  const description = `accessLog(${String(pattern)})`
  return Object.freeze({ contentType: 'text/plain; charset=utf-8', description, decoder, encoder: () => ({ encode }) })
}

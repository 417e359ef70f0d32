import type { Checkpoint, Json } from '@millrace/core'

/** The watermark of a source and of each of its partitions, in ms since 1970. */
export interface SourceWatermarks {
  readonly watermark: number
  readonly partitions: { readonly [id: string]: number }
}

/**
 * Watermarks of the sources, by name, out of what the engine keeps for itself; what does not look like one is left out,
 * as another version of the engine may have written it.
 */
export function watermarksIn({ engine }: Checkpoint): { readonly [source: string]: SourceWatermarks } {
  return Object.fromEntries(
    items(field(engine, 'sources')).map((source) => [
      text(field(source, 'name')),
      {
        watermark: Number(field(source, 'watermark')),
        partitions: Object.fromEntries(
          items(field(source, 'partitions')).map((each) => [text(field(each, 'id')), Number(field(each, 'watermark'))]),
        ),
      },
    ]),
  )
}

const text = (json: Json | undefined): string => (typeof json === 'string' ? json : '')

const items = (json: Json | undefined): readonly Json[] => (Array.isArray(json) ? (json as readonly Json[]) : [])

function field(json: Json | undefined, name: string): Json | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  return (json as { readonly [key: string]: Json })[name]
}

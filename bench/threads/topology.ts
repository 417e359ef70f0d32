import { boolean, count, from, int, json, string, sum, topology, tumbling } from '@millrace/core'
import { files, folder } from '@millrace/file'

/** Page views counted by page and ten seconds, from all files of a folder. */
export default topology('page-counts')
  .params({ in: string(), out: string() })
  .sources((p) => ({
    views: from(
      files({
        path: `${p.in}/*.ndjson`,
        decode: json({ page: string(), ms: int(), at: int(), bot: boolean() }),
      }),
      { eventTime: 'at', outOfOrderness: '3s' },
    ),
  }))
  .build(({ views }, p) => ({
    counts: views
      .filter(({ bot }) => !bot)
      .keyBy('page')
      .window(tumbling('10s'))
      .aggregate({ views: count(), ms: sum('ms') })
      .to(folder({ path: p.out, encode: json() })),
  }))

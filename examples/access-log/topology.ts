import {
  accessLog,
  count,
  distinct,
  from,
  json,
  sliding,
  string,
  sum,
  topology,
  tumbling,
  type DeadLetter,
  type Sink,
} from '@millrace/core'
import { files, folder, hive, stdout } from '@millrace/file'
import { madeUpRequests } from './requests.ts'

const bot = /bot|crawl|spider|slurp/i
const text = new TextDecoder()

/** Page views of a web server's log: who looked at which page, by event time, each request once. */
export default topology('access-log')
  .params({
    input: string({ default: '', doc: 'log files in the combined format, as a path or glob; empty makes requests up' }),
    window: string({ default: 'sliding', doc: 'sliding: 5 minutes, every minute; tumbling: every minute' }),
    out: string({ default: '', doc: 'folder for the results; empty prints the windows' }),
  })
  .sources((p) => ({
    requests: from(p.input === '' ? madeUpRequests(5_000) : files({ path: p.input, decode: accessLog() }), {
      eventTime: 'at',
      outOfOrderness: '10s',
    }),
  }))
  .build(({ requests, deadLetters }, p) => {
    /** Files below a folder of `out`, by date; without `out`, only what is to be seen goes to the terminal. */
    const into = <T>(name: string): Sink<T> =>
      folder<T>({ path: `${p.out}/${name}`, encode: json<T>(), subfolder: (_, time) => hive({ date: day(time) }) })
    const windows = p.window === 'tumbling' ? tumbling('1m') : sliding({ size: '5m', every: '1m' })

    const pages = requests
      .filter((r) => !bot.test(r.agent ?? ''))
      .dedupe((r) => `${r.host} ${r.at} ${r.method} ${r.path}`, { within: '10m' })
      .keyBy('path')
      .window(windows)
      .aggregate({ views: count(), visitors: distinct('host'), bytes: sum('bytes') })

    const views = pages.to(p.out === '' ? stdout() : into('views'))
    if (p.out === '') return { views }
    return { views, late: pages.late.to(into('late')), dead: deadLetters.map(readable).to(into('dead')) }
  })

const day = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** A dead letter with its line as text. */
const readable = ({ bytes, ...letter }: DeadLetter): object => ({ ...letter, line: text.decode(bytes) })

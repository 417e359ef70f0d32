import { from, topology } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { summaryFields, summaryText } from '../../../src/cli/run/summary.ts'
import { run } from '../../../src/start.ts'

const words = topology('words')
  .sources(() => ({ words: from(scripted({ partitions: { p0: ['a', 'b', ''] } })) }))
  .build((streams) => ({
    long: streams.words.filter((word) => word.length > 0).to(collecting()),
    all: streams.words.to(collecting()),
  }))
const graph = words.graph({})
const nodes = { words: 3, 'words.filter': 2, long: 2, all: 3 }
const statePath = '.millrace/words.db'

test('names nodes and sinks with the records that left them', async () => {
  const summary = { ...(await run(words)), nodes, elapsedMs: 1_500, recordsPerSecond: 2, checkpoint: 4 }
  expect(summaryText({ summary, graph, statePath })).toBe(`words: finished after 1.5s

node                records out
words                         3
words.filter                  2
long          sink            2
all           sink            3

read          3 records, 2 a second
written       5 records
late          0
dead letters  0
state         .millrace/words.db, checkpoint 4
`)
  expect(summaryFields({ summary, graph, statePath })).toMatchObject({
    ending: 'finished',
    nodes,
    sinks: { long: 2, all: 3 },
    statePath,
  })
})

test('says where dead letters are', async () => {
  const summary = { ...(await run(words)), deadLetters: 2 }
  expect(summaryText({ summary, graph, statePath })).toContain(`2; see them: millrace dlq ls --state ${statePath}\n`)
  expect(summaryText({ summary, graph, statePath: undefined })).toContain('2; not kept, as there is no state file\n')
  const reading = topology('words')
    .sources(() => ({ words: from(scripted<string>()) }))
    .build((streams) => ({ all: streams.words.to(collecting()), dead: streams.deadLetters.to(collecting()) }))
  expect(summaryText({ summary, graph: reading.graph({}), statePath })).toContain(
    '2; they went where the topology sends',
  )
})

test('says how the job ended', async () => {
  const summary = { ...(await run(words)), elapsedMs: 5 }
  const first = (ending: typeof summary.ending) =>
    summaryText({ summary: { ...summary, ending }, graph, statePath }).split('\n')[0]
  expect(first('nothing new')).toBe('words: had finished before; nothing new after 5ms')
  expect(first('stopped')).toBe('words: stopped after 5ms; the next start goes on from here')
})

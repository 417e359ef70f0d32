import { from, string, type SourceDefinition } from '@millrace/core'
import { expect, expectTypeOf, test } from 'vitest'
import type { Click } from './clicks.ts'
import { generate, json, kafka, kinesis, lines, file } from './connectors.ts'

const clicks = kinesis({ stream: 'clicks', decode: json<Click>() })

test('is data: the source and how its records are timed, in milliseconds', () => {
  const eventTime = (c: Click) => c.at
  const definition = from(clicks, {
    eventTime,
    outOfOrderness: '5s',
    idleAfter: '30s',
    maxAhead: '2h',
    onError: 'fail',
  })
  expectTypeOf(definition).toEqualTypeOf<SourceDefinition<Click>>()
  expect(definition).toEqual({
    source: clicks,
    eventTime,
    outOfOrdernessMs: 5000,
    idleAfterMs: 30_000,
    maxAheadMs: 7_200_000,
    onError: 'fail',
    at: expect.stringMatching(/from\.test\.ts:\d+:\d+$/),
  })
})

test('without options takes the arrival, in order, waits for all partitions and allows an hour ahead', () => {
  expect(from(clicks)).toEqual({
    source: clicks,
    outOfOrdernessMs: 0,
    maxAheadMs: 3_600_000,
    onError: 'deadLetter',
    at: expect.any(String),
  })
})

test('takes event time from a field of numbers or dates, or from a function of record and metadata', () => {
  from(clicks, { eventTime: 'at' })
  from(
    generate(() => ({ when: new Date(0) })),
    { eventTime: 'when' },
  )
  from(kafka({ topic: 't', decode: json<Click>() }), { eventTime: (_, meta) => Number(meta.offset) })
  // @ts-expect-error -- a text
  from(clicks, { eventTime: 'page' })
  // @ts-expect-error -- no such field
  from(clicks, { eventTime: 'nope' })
  const timeless = generate((): { at?: number } => ({}))
  // @ts-expect-error -- may be missing
  from(timeless, { eventTime: 'at' })
  // @ts-expect-error -- records without any time
  from(kinesis({ stream: 's', decode: json({ at: string() }) }), { eventTime: 'at' })
  // @ts-expect-error -- text has a length, and that is no time
  from(file({ path: 'x', decode: lines() }), { eventTime: 'length' })
  // @ts-expect-error -- a function that gives no time
  expect(from(clicks, { eventTime: (c) => c.page })).toHaveProperty('eventTime')
})

test('refuses what is no source, and spans that are none', () => {
  // @ts-expect-error -- as from JavaScript
  expect(() => from(undefined)).toThrow(
    /^from\(\) needs a source, e\.g\. file\(\{ … \}\) \(at \S+from\.test\.ts:\d+:\d+\)$/,
  )
  // @ts-expect-error -- as from JavaScript
  expect(() => from(clicks, { outOfOrderness: '5 sec' })).toThrow('from: outOfOrderness: "5 sec" is not a duration')
  expect(() => from(clicks, { idleAfter: 0 })).toThrow('from: idleAfter: must be longer than zero')
})

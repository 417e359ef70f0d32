import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compactState, DeltaWriter, readPuts, StateImage } from '../../src/state/delta.ts'
import { readValue, writeValue } from '../../src/state/value-codec.ts'
import { runs } from '../support/runs.ts'
import { texts } from './support.ts'

type Change =
  | {
      readonly does: 'put'
      readonly state: string
      readonly group: string
      readonly key: string
      readonly value: number
    }
  | { readonly does: 'delete'; readonly state: string; readonly group: string; readonly key: string }
  | { readonly does: 'drop'; readonly state: string; readonly group: string }

const names = { state: fc.constantFrom('one', 'two', 'ü'), group: fc.constantFrom('', '0', '10:20') }
const keys = fc.oneof(fc.constantFrom('a', 'b', 'c'), texts)
const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ does: fc.constant('put' as const), ...names, key: keys, value: fc.integer() }),
    },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('delete' as const), ...names, key: keys }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('drop' as const), ...names }) },
  ),
  { maxLength: 15 },
)

function blobOf(all: readonly Change[]): Uint8Array | undefined {
  const delta = new DeltaWriter()
  for (const change of all) {
    delta.state(change.state)
    delta.group(change.group)
    if (change.does === 'drop') delta.drop()
    else if (change.does === 'delete') delta.delete((out) => writeValue(out, change.key))
    else {
      delta.put(
        (out) => writeValue(out, change.key),
        (out) => writeValue(out, change.value),
      )
    }
  }
  return delta.finish()
}

/** What a map of maps would hold. */
function model(all: readonly Change[]): Map<string, unknown> {
  const entries = new Map<string, unknown>()
  for (const change of all) {
    const prefix = JSON.stringify([change.state, change.group])
    if (change.does === 'put') entries.set(`${prefix} ${change.key}`, change.value)
    else if (change.does === 'delete') entries.delete(`${prefix} ${change.key}`)
    else for (const key of entries.keys()) if (key.startsWith(`${prefix} `)) entries.delete(key)
  }
  return entries
}

function contents(blobs: readonly Uint8Array[]): Map<string, unknown> {
  const image = new StateImage()
  for (const blob of blobs) for (const _ of image.apply(blob));
  const entries = new Map<string, unknown>()
  for (const state of image.states()) {
    image.forEach(
      state,
      (group, key, value) =>
        void entries.set(`${JSON.stringify([state, group])} ${String(readValue(key))}`, readValue(value)),
    )
  }
  return entries
}

function compacted(blobs: readonly Uint8Array[]): Uint8Array {
  const steps = compactState(blobs)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

describe('blobs of state', () => {
  test('hold together what was put, deleted and dropped in them, in order', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 6 }), (rounds) => {
        const blobs = rounds.map(blobOf).filter((blob) => blob !== undefined)
        expect(contents(blobs)).toEqual(model(rounds.flat()))
      }),
      runs(300),
    )
  })

  test('hold the same when some of them were compacted into a base', () => {
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 6 }), fc.nat(), (rounds, at) => {
        const blobs = rounds.map(blobOf).filter((blob) => blob !== undefined)
        const first = at % (blobs.length + 1)
        expect(contents([compacted(blobs.slice(0, first)), ...blobs.slice(first)])).toEqual(contents(blobs))
      }),
      runs(300),
    )
  })

  test('are none when nothing changed', () => {
    const delta = new DeltaWriter()
    delta.state('one')
    delta.group('')
    expect(delta.finish()).toBeUndefined()
  })

  test('keep what compaction keeps: a compacted base says the same when it is compacted again', () => {
    const base = compacted([
      blobOf([{ does: 'put', state: 'one', group: 'g', key: 'a', value: 1 }]) ?? new Uint8Array(),
    ])
    expect(compacted([base])).toEqual(base)
    expect(contents([compacted([])])).toEqual(new Map())
  })

  test('are applied and compacted in slices, so that something else can be done in between', () => {
    const many = Array.from(
      { length: 20_000 },
      (_, i) => ({ does: 'put', state: 'one', group: '', key: `k${i}`, value: i }) as const,
    )
    const blob = blobOf(many) ?? new Uint8Array()
    expect([...new StateImage().apply(blob)].length).toBeGreaterThanOrEqual(4)
    expect([...compactState([blob])].length).toBeGreaterThanOrEqual(8)
    expect(contents([compacted([blob])]).size).toBe(20_000)
  })

  test('hold long keys and values', () => {
    const long = 'ü'.repeat(50_000)
    const blob = blobOf([
      { does: 'put', state: 'one', group: '', key: long, value: 1 },
      { does: 'put', state: 'one', group: '', key: `${long}!`, value: 2 },
    ])
    expect(contents([compacted([blob ?? new Uint8Array()])]).size).toBe(2)
  })
})

describe('blobs that are damaged', () => {
  const good = blobOf([
    { does: 'put', state: 'one', group: '10', key: 'a', value: 1 },
    { does: 'delete', state: 'one', group: '10', key: 'b' },
    { does: 'drop', state: 'two', group: '' },
  ]) as Uint8Array

  test.each([
    ['of another version', new Uint8Array([2, ...good.subarray(1)]), 'state blob has version 2, this release reads 1'],
    ['empty', new Uint8Array(), 'ends in the middle'],
    ['with an unknown step', new Uint8Array([1, 9]), 'an unknown step 9 at byte 1'],
  ])('are told when they are %s', (_, blob, message) => {
    expect(() => contents([blob])).toThrow(
      expect.objectContaining({ code: 'CORRUPT_STATE', message: expect.stringContaining(message) as string }) as Error,
    )
  })

  test('never do worse than CORRUPT_STATE', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 50 }), (at, byte, noise) => {
        const damaged = good.slice()
        damaged[at % damaged.length] = byte
        for (const blob of [damaged, good.subarray(0, at % good.length), new Uint8Array([1, ...noise])]) {
          const image = new StateImage()
          try {
            for (const _ of image.apply(blob));
            for (const state of image.states())
              image.forEach(state, (_, key, value) => [readValue(key), readValue(value)])
          } catch (error) {
            expect(error).toMatchObject({ code: 'CORRUPT_STATE' })
          }
        }
      }),
      runs(1000),
    )
  })
})

describe('a blob that only puts', () => {
  const puts = changes.map((all) => all.filter((change) => change.does === 'put'))

  test('is read entry by entry, in order', () => {
    fc.assert(
      fc.property(puts, (all) => {
        const read: unknown[] = []
        readPuts(blobOf(all) ?? Uint8Array.of(1), (group, key, value) => read.push([group, key, readValue(value)]))
        expect(read).toEqual(all.map(({ group, key, value }) => [group, key, value]))
      }),
      runs(200),
    )
  })

  const one = (does: 'put' | 'drop'): Uint8Array =>
    blobOf([{ does, state: 's', group: 'g', key: 'k', value: 1 }]) ?? new Uint8Array()

  test.each([
    ['of another version', Uint8Array.of(2), 'version 2'],
    ['that drops', one('drop'), 'unknown step 3'],
    ['that is cut', one('put').subarray(0, -1), 'ends in the middle'],
  ])('is refused when it is one %s', (_, blob, message) => {
    const read = (): void => readPuts(blob, (_group, _key, value) => readValue(value))
    expect(read).toThrow(
      expect.objectContaining({ code: 'CORRUPT_STATE', message: expect.stringContaining(message) }) as Error,
    )
  })

  test('is refused when an entry is not read to its end', () => {
    expect(() => readPuts(one('put'), () => {})).toThrow('another length')
  })
})

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedBackplane } from '@millrace/runtime'
import { expect, test } from 'vitest'
import { millrace, runJob, startJob, summaryOf } from '../support/millrace.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const start = Date.UTC(2026, 0, 1)
const year9999 = Date.UTC(9999, 0, 1)
const good = (id: number, minute: number): string =>
  JSON.stringify({ id, sensor: 's', at: start + minute * 60_000, value: 1 })

interface BadLine {
  readonly line: string | Buffer
  readonly code: string
  readonly node: string
  /** Its code once the topology takes dates; undefined for a line that is good then. */
  readonly later: string | undefined
}

const refused = { code: 'BAD_RECORD', node: 'readings' } as const

/** By id: what can be wrong with a reading. */
const bad: { readonly [id: number]: BadLine } = {
  101: {
    line: Buffer.from(`{"id":101,"sensor":"\xff\xfe","at":${start},"value":1}`, 'latin1'),
    ...refused,
    later: 'BAD_RECORD',
  },
  102: { line: '{"id":102,"sensor":', ...refused, later: 'BAD_RECORD' },
  103: { line: `{"id":103,"sensor":"s","at":${start},"value":"12"}`, ...refused, later: undefined },
  104: { line: `{"id":104,"at":${start},"value":1}`, code: 'BAD_KEY', node: 'readings.keyBy', later: 'BAD_KEY' },
  105: { line: '{"id":105,"sensor":"s","at":NaN,"value":1}', ...refused, later: 'BAD_RECORD' },
  106: { line: '{"id":106,"sensor":"s","at":-1,"value":1}', code: 'BAD_TIME', node: 'readings', later: 'BAD_TIME' },
  107: {
    line: `{"id":107,"sensor":"s","at":${year9999},"value":1}`,
    code: 'BAD_TIME',
    node: 'readings',
    later: 'BAD_TIME',
  },
  108: { line: '{"id":108,"sensor":"s","at":"2026-01-01T00:30:00Z","value":1}', ...refused, later: undefined },
  109: { line: '{"id":109,"sensor":"s","at":"soon","value":1}', ...refused, later: 'BAD_TIME' },
  110: { line: '{"id":110,"sensor":"s","at":"9999-01-01T00:00:00Z","value":1}', ...refused, later: 'BAD_TIME' },
  111: { line: '{"id":111,"sensor":"s","at":1e400,"value":1}', ...refused, later: 'BAD_TIME' },
  112: {
    line: `{"id":112,"sensor":"s","at":${start},"value":-5}`,
    code: 'USER_CODE',
    node: 'readings.map',
    later: 'USER_CODE',
  },
}
const badIds = Object.keys(bad).map(Number)
const linesOf = badIds.map((id) => Buffer.from(bad[id]?.line ?? ''))

/** Each bad line between two good ones, of which the later is up to a minute out of order. */
function writeInput(path: string): number[] {
  const ids: number[] = []
  const lines = badIds.flatMap((id, i) => {
    ids.push(2 * i, 2 * i + 1)
    return [good(2 * i, 2 * i + 1), bad[id]?.line ?? '', good(2 * i + 1, 2 * i + 0.5)]
  })
  writeFileSync(path, Buffer.concat(lines.map((line) => Buffer.concat([Buffer.from(line), Buffer.from('\n')]))))
  return ids
}

interface Letter {
  readonly id: number
  readonly code: string
  readonly node: string
  readonly partition: string
  readonly position: string
  readonly base64: string
}

/** By reading. */
async function lettersIn(state: string): Promise<Letter[]> {
  const { stdout } = await millrace('dlq', 'ls', '--json', '--limit', '100', '--state', state)
  return (JSON.parse(stdout) as Letter[]).toSorted((a, b) => readingOf(a) - readingOf(b))
}

const bytesOf = ({ base64 }: Letter): Buffer => Buffer.from(base64, 'base64')
const readingOf = (letter: Letter): number => Number(/"id":(\d+)/.exec(bytesOf(letter).toString('latin1'))?.[1])

/** Ids of the readings in the visible output. */
const visibleIds = (out: string): number[] =>
  globSync('*.ndjson', { cwd: out })
    .flatMap((name) => readFileSync(join(out, name), 'utf8').split('\n').slice(0, -1))
    .flatMap((line) => (JSON.parse(line) as { ids: number[] }).ids)

const inOrder = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b)

async function untilLettersAre(count: number, state: string): Promise<void> {
  const backplane = embeddedBackplane({ path: state })
  let stored = 0
  await until(() => {
    void backplane.deadLetters({ limit: 100 }).then(({ length }) => (stored = length))
    return stored >= count
  })
  await backplane.close()
}

test('keeps bad records whole beside good ones, and reads them again, once, when the topology takes them', async () => {
  const folder = temporaryFolder()
  const [input, out, state] = [join(folder, 'readings.ndjson'), join(folder, 'out'), join(folder, 'state.db')]
  const goodIds = writeInput(input)
  const job = { topology: 'readings', set: { input, out }, state }

  const first = startJob({ ...job, set: { ...job.set, follow: true } })
  await untilLettersAre(badIds.length, state)
  first.kill('SIGTERM')
  expect(summaryOf(await first.ended)).toMatchObject({ deadLetters: badIds.length, late: 0 })

  const letters = await lettersIn(state)
  expect(letters.map(({ code, node }) => ({ code, node }))).toEqual(
    Object.values(bad).map(({ code, node }) => ({ code, node })),
  )
  expect(letters.map(bytesOf)).toEqual(linesOf)
  const content = readFileSync(input)
  const placeOf = ({ position }: Letter): number => Number(position.split(':')[0])
  expect(letters.map((letter) => content.subarray(placeOf(letter)).indexOf(bytesOf(letter)))).toEqual(
    badIds.map(() => 0),
  )

  const listed = await millrace('dlq', 'ls', '--state', state)
  expect(listed.stdout.split('\n')[1]).toMatch(/^ *1 .* readings +BAD_RECORD +readings\/\S+@\d+:1:\S+ /)
  const text = await millrace('dlq', 'show', String(letters[6]?.id), '--state', state)
  expect(text.stdout).toContain(`\n${String(bad[107]?.line)}\n`)
  const hex = await millrace('dlq', 'show', String(letters[0]?.id), '--state', state)
  expect(hex.stdout).toMatch(/^0{8} {2}7b 22 69 64 22 3a 31 30 31 /m)

  const marked = await millrace('dlq', 'redrive', '--all', '--state', state)
  expect(marked.stdout).toContain(`${badIds.length} marked`)
  const changed = { ...job, set: { ...job.set, accept: 'dates' } }
  expect(summaryOf(await runJob(changed))).toMatchObject({ ending: 'finished', late: 0 })
  const nowGood = badIds.filter((id) => bad[id]?.later === undefined)
  expect(inOrder(visibleIds(out))).toEqual(inOrder([...goodIds, ...nowGood]))

  const left = await lettersIn(state)
  const stillBad = badIds.filter((id) => !nowGood.includes(id))
  expect(left.map(readingOf)).toEqual(stillBad)
  expect(left.map(({ code }) => code)).toEqual(stillBad.map((id) => bad[id]?.later))
  expect(left.map(bytesOf)).toEqual(linesOf.filter((_, i) => !nowGood.includes(badIds[i] ?? 0)))

  expect(summaryOf(await runJob(changed))).toMatchObject({ ending: 'nothing new' })
  expect(inOrder(visibleIds(out))).toEqual(inOrder([...goodIds, ...nowGood]))
  expect((await lettersIn(state)).map(({ id }) => id)).toEqual(left.map(({ id }) => id))
  // where it came from stays known, however often it is read again
  const origins = new Map(letters.map((letter) => [readingOf(letter), letter]))
  expect(left.map(({ partition, position }) => ({ partition, position }))).toEqual(
    stillBad.map((id) => origins.get(id)!).map(({ partition, position }) => ({ partition, position })),
  )
})

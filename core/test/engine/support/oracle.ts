import type { WindowSpec } from '../../../src/windows/window-spec.ts'

export interface Rec {
  readonly id: number
  readonly key: string
  readonly at: number
  readonly n: number
}

export interface OracleWindow {
  readonly key: string
  readonly start: number
  readonly end: number
  /** By time, then partition, then place in it. */
  readonly records: readonly Rec[]
}

export interface Expected {
  readonly windows: readonly OracleWindow[]
  /** Records that were too late for at least one of their windows. */
  readonly late: readonly Rec[]
}

interface Placed extends Rec {
  readonly partition: string
  readonly place: number
  /** Watermark of its own partition just before it. */
  readonly mark: number
}

/** What windows must hold, from the records and their times alone: the naïve way, over everything at once. */
export function oracle(
  partitions: Readonly<Record<string, readonly Rec[]>>,
  spec: WindowSpec,
  outOfOrderness: number | ((partition: string) => number),
  lateness: number,
): Expected {
  const placed = Object.entries(partitions).flatMap(([partition, records]) =>
    place(partition, records, typeof outOfOrderness === 'number' ? outOfOrderness : outOfOrderness(partition)),
  )
  placed.sort(
    (a, b) => a.at - b.at || (a.partition < b.partition ? -1 : a.partition > b.partition ? 1 : a.place - b.place),
  )
  return spec.kind === 'session' ? sessions(placed, spec.gapMs, lateness) : aligned(placed, spec, lateness)
}

function place(partition: string, records: readonly Rec[], outOfOrderness: number): Placed[] {
  let mark = -Infinity
  return records.map((record, i) => {
    const placed = { ...record, partition, place: i, mark }
    mark = Math.max(mark, record.at - outOfOrderness)
    return placed
  })
}

function aligned(
  records: readonly Placed[],
  spec: Exclude<WindowSpec, { kind: 'session' }>,
  lateness: number,
): Expected {
  const every = spec.kind === 'tumbling' ? spec.sizeMs : spec.everyMs
  const windows = new Map<string, { key: string; start: number; end: number; records: Rec[] }>()
  const late = new Set<Rec>()
  for (const record of records) {
    for (let start = Math.floor(record.at / every) * every; start > record.at - spec.sizeMs; start -= every) {
      const end = start + spec.sizeMs
      if (end + lateness <= record.mark) {
        late.add(record)
        continue
      }
      const id = `${record.key} ${start}`
      const window = windows.get(id) ?? { key: record.key, start, end, records: [] }
      window.records.push(record)
      windows.set(id, window)
    }
  }
  return { windows: [...windows.values()], late: [...late] }
}

function sessions(records: readonly Placed[], gap: number, lateness: number): Expected {
  const late = records.filter((record) => record.at + gap + lateness <= record.mark)
  const windows: { key: string; start: number; end: number; records: Rec[] }[] = []
  const open = new Map<string, (typeof windows)[number]>()
  for (const record of records.filter((other) => !late.includes(other))) {
    const session = open.get(record.key)
    if (session && record.at < session.end) {
      session.records.push(record)
      session.end = record.at + gap
    } else {
      const opened = { key: record.key, start: record.at, end: record.at + gap, records: [record] }
      open.set(record.key, opened)
      windows.push(opened)
    }
  }
  return { windows, late }
}

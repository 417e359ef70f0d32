// How long is the gap in the output of tasks that move when a worker joins? Compared with the longest gap of the same keys
// before, which checkpoints and windows make.
import { setTimeout as sleep } from 'node:timers/promises'
import { machine, median, printResult } from '../support/machine.ts'
import { PacedCrew } from '../support/paced-crew.ts'

console.log(machine())
const gaps: number[] = []
const usual: number[] = []
for (let round = 0; round < 3; round++) {
  await using crew = await PacedCrew.start(10_000)
  crew.join('w0')
  await crew.untilShared()
  await sleep(3_000)
  const joined = Date.now()
  crew.join('w1')
  await crew.untilShared()
  await sleep(2_000)
  const moved = new Set(crew.told.filter(({ worker }) => worker === 'w1').flatMap(({ keys }) => keys))
  const gap = longestGap(crew, moved, joined, Infinity)
  gaps.push(gap)
  usual.push(longestGap(crew, moved, 0, joined))
  console.log(`${moved.size} keys moved: longest gap of one ${gap} ms, before ${usual.at(-1)} ms`)
}
printResult('handoff', { gapMs: median(gaps), gapMostMs: Math.max(...gaps), usualMs: median(usual) })

/** Between two outputs of one key. */
function longestGap({ told }: PacedCrew, keys: ReadonlySet<string>, from: number, to: number): number {
  const last = new Map<string, number>()
  let longest = 0
  for (const { at, keys: of } of told.toSorted((a, b) => a.at - b.at)) {
    if (at < from || at > to) continue
    for (const key of of) {
      if (!keys.has(key)) continue
      longest = Math.max(longest, at - (last.get(key) ?? at))
      last.set(key, at)
    }
  }
  return longest
}

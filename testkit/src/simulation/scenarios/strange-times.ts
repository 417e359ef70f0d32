import { differences, expectedOutput, type Output } from '../oracle.ts'
import type { Scenario } from '../scenario.ts'
import { strangeTime } from '../sim-stream.ts'

/** Some records are of the year 9999: each is a dead letter, and nothing is late for it. */
export const strangeTimes: Scenario = {
  name: 'strange times',
  stream: { hasStrangeTimes: true },
  begin: ({ profile, streams }) => ({
    judge: async (output) => {
      const expected = await expectedOutput(profile, streams)
      const without = await expectedOutput(profile, streams, { hides: ({ at }) => at === strangeTime })
      const unlettered = (from: Output): Output => ({ ...from, letters: [], stored: [] })
      return [
        ...differences(unlettered(without), unlettered(expected)),
        ...(expected.stored.length + expected.letters.length > without.stored.length + without.letters.length
          ? []
          : ['a record of the year 9999 was taken']),
        ...differences(expected, output),
      ]
    },
  }),
}

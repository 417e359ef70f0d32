import { isMillraceError } from '@millrace/core'
import { differences, expectedOutput, type Output } from '../oracle.ts'
import type { Scenario } from '../scenario.ts'

/**
 * Destinations drop what is not committed for a while, as nobody is there, or as they refuse to commit for too long. Each
 * loss must be told, and nothing else: then somebody starts the workers again with leave to go on without it.
 */
export const expiringHandles: Scenario = {
  name: 'expiring handles',
  begin: (life) => {
    const { chance, crew, destinations, time, history } = life
    const expiresAfterMs = chance.between(2_000, 6_000)
    for (const destination of destinations) destination.expiresAfterMs = expiresAfterMs
    const drop: string[] = []
    const told = new Set<unknown>()
    const refuse = (): void => {
      const { name, faults } = chance.pick(destinations)
      history.note(name, 'commits nothing')
      const before = faults.retry
      faults.retry = 1
      time.after(chance.between(1, 2) * expiresAfterMs, () => (faults.retry = life.isHealed ? 0 : before))
    }
    return {
      event: () => {
        if (chance.is(0.5)) crew.blackOut(chance.between(0.5, 2) * expiresAfterMs)
        else refuse()
      },
      options: () => ({ drop: [...drop] }),
      saidError: (fields) => {
        if ('id' in fields) told.add(fields.id)
      },
      failed: (error) => {
        if (!isMillraceError(error, 'LOST_HANDLE')) return false
        if (error.node !== undefined) drop.push(error.node)
        return true
      },
      judge: async (output) => {
        const lost = destinations.flatMap((destination) => [...destination.lost.keys()])
        const silent = lost.filter((id) => !told.has(id)).map((id) => `${id} was dropped, and nobody said so`)
        const wrong = [...told].filter((id) => !lost.includes(id as string))
        const [out, late, letters] = destinations.map(({ lost: rows }) => [...rows.values()].flat())
        const all: Output = {
          out: [...output.out, ...(out ?? [])],
          late: [...output.late, ...(late ?? [])],
          letters: [...output.letters, ...(letters ?? [])],
          stored: output.stored,
        }
        return [
          ...silent,
          ...wrong.map((id) => `${String(id)} was said to be lost, and is not`),
          ...(drop.length === 0 && lost.length > 0 ? ['output was lost, and no worker has stopped for it'] : []),
          ...differences(await expectedOutput(life.profile, life.streams), all),
        ]
      },
    }
  },
}

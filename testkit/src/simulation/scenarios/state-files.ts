import { isMillraceError, type StateStore } from '@millrace/core'
import type { Scenario } from '../scenario.ts'

/** Longer than any replica is behind, so that what a failover brings back is still there. */
const gcGraceMs = 12_000
/** So long after a file was put back may a worker that was frozen say what it had read. */
const memoryMs = 20_000

/**
 * Requests to the store of state arrive again, long after: files that were deleted come back, and are deleted once more. What
 * nothing names is collected early. Files are torn, changed or gone: whoever needs one must say so, and goes on when it was
 * put back.
 */
export const stateFiles: Scenario = {
  name: 'state files',
  begin: (life) => {
    const { chance, redis, store, time, history } = life
    const copies = new Map<string, Uint8Array>()
    const damaged = new Map<string, () => void>()
    const repaired = new Map<string, number>()
    const later = (request: () => Promise<void>): void => {
      if (chance.is(0.15)) time.after(chance.between(500, 40_000), () => void request())
    }
    const repeating = (inner: StateStore): StateStore => ({
      kind: inner.kind,
      write: (task, blob, bytes) => {
        copies.set(`${task} ${blob.id}`, bytes.slice())
        later(() => inner.write(task, blob, bytes))
        return inner.write(task, blob, bytes)
      },
      read: (task, blob) => inner.read(task, blob),
      list: (task) => inner.list(task),
      remove: (task, ids) => {
        later(() => inner.remove(task, ids))
        return inner.remove(task, ids)
      },
      close: () => inner.close(),
    })
    const repair = (): void => {
      for (const [name, putBack] of damaged) {
        history.note('store', `${name} is put back`)
        putBack()
        repaired.set(name, time.now)
      }
      damaged.clear()
    }
    const damage = (): void => {
      const named = redis.records().flatMap(({ task, state }) => state.map(({ id }) => ({ task, id })))
      if (named.length === 0) return
      const { task, id } = chance.pick(named)
      const bytes = copies.get(`${task} ${id}`)
      if (bytes === undefined) return
      const kind = chance.pick(['gone', 'torn', 'changed'] as const)
      history.note('store', `${task} ${id} is ${kind}`)
      const other = kind === 'gone' ? undefined : kind === 'torn' ? bytes.slice(0, -1) : changed(bytes, chance)
      store.damage(task, id, other)
      if (other) life.damaged.set(id, other)
      damaged.set(`${task} ${id}`, () => {
        store.damage(task, id, bytes)
        life.damaged.delete(id)
      })
    }
    return {
      event: damage,
      gcGraceMs,
      store: repeating,
      failed: (error) => {
        if (!isMillraceError(error, 'CORRUPT_STATE')) return false
        const isMeant = (name: string): boolean => error.message.includes(name.slice(name.indexOf(' ') + 1))
        const isDamaged = [...damaged.keys()].some(isMeant)
        const wasDamaged = [...repaired].some(([name, at]) => isMeant(name) && time.now - at < memoryMs)
        if (isDamaged) repair()
        return isDamaged || wasDamaged
      },
    }
  },
}

function changed(bytes: Uint8Array, chance: { whole(least: number, most: number): number }): Uint8Array {
  const other = bytes.slice()
  const at = chance.whole(0, other.length - 1)
  other[at] = (other[at] ?? 0) ^ 1
  return other
}

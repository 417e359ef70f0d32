import type { LetterReply, LettersRequest } from '../scripts.ts'
import type { Context } from './run.ts'

/** Adds a dead letter under a new id. */
export function insertLetter({ data, keys }: Context, bytes: Uint8Array): void {
  const id = data.hincrby(keys.of('meta'), 'letters', 1)
  data.hset(keys.of('dead'), { [id]: bytes.slice() })
  data.zadd(keys.of('dead:stored'), String(id), id)
}

export function removeLetters({ data, keys }: Context, ids: readonly number[]): void {
  for (const id of ids.map(String)) {
    data.hdel(keys.of('dead'), id)
    for (const key of ['dead:stored', 'dead:redrive']) data.zrem(keys.of(key), id)
  }
}

/** Dead letters by id, as many as fit. */
export function letters({ data, keys }: Context, { state, after, limit, mostBytes }: LettersRequest): LetterReply[] {
  const states = state === undefined ? (['stored', 'redrive'] as const) : [state]
  const ids = states.flatMap((each) =>
    data.zrange(keys.of(`dead:${each}`), after + 1).map(([id]) => [Number(id), each] as const),
  )
  const found: LetterReply[] = []
  let size = 0
  for (const [id, each] of ids.toSorted(([a], [b]) => a - b).slice(0, limit)) {
    const bytes = data.hgetBytes(keys.of('dead'), String(id)) ?? new Uint8Array()
    size += bytes.length
    if (found.length > 0 && size > mostBytes) break
    found.push({ id, state: each, bytes })
  }
  return found
}

/** Marks letters to be read again. @returns how many of those asked for are marked now */
export function redrive({ data, keys }: Context, ids: readonly number[] | undefined): number {
  const asked = ids?.map(String) ?? data.zrange(keys.of('dead:stored')).map(([id]) => id)
  for (const id of asked) {
    if (data.zscore(keys.of('dead:stored'), id) === undefined) continue
    data.zrem(keys.of('dead:stored'), id)
    data.zadd(keys.of('dead:redrive'), id, Number(id))
  }
  if (ids === undefined) return data.zcard(keys.of('dead:redrive'))
  return new Set(asked.filter((id) => data.zscore(keys.of('dead:redrive'), id) !== undefined)).size
}

import type { Lease } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { Confirmations } from '../../../src/backplane/redis/confirmations.ts'
import type { ConfirmReply, RecordRef } from '../../../src/backplane/redis/scripts.ts'

const recordOf = (task: string, seq = 1): RecordRef => {
  const lease: Lease = { task, owner: 'a', run: 'r', epoch: 1, nonce: 'n', expiresAt: 0 }
  return { lease, seq }
}

/** Scripts that answer when told to. */
function answering() {
  const asked: { readonly tasks: string[]; readonly answer: (reply: ConfirmReply) => void }[] = []
  const confirm = ({ records }: { readonly records: readonly RecordRef[] }): Promise<ConfirmReply> =>
    new Promise((answer) => asked.push({ tasks: records.map(({ lease }) => lease.task), answer }))
  return { asked, confirmations: new Confirmations({ confirm }, 'redis://a:1') }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('confirmations', () => {
  test('ask once for all that came while an answer was awaited, which does not count for them', async () => {
    const { asked, confirmations } = answering()
    const all = Promise.all(['a', 'b', 'c'].map((task) => confirmations.confirm(recordOf(task))))
    expect(asked.map(({ tasks }) => tasks)).toEqual([['a']])
    asked[0]?.answer('durable')
    await settle()
    expect(asked.map(({ tasks }) => tasks)).toEqual([['a'], ['b', 'c']])
    asked[1]?.answer('durable')
    await all
  })

  test('reject, to be asked again, as long as there are too few copies', async () => {
    const { asked, confirmations } = answering()
    const confirmed = confirmations.confirm(recordOf('a'))
    asked[0]?.answer('short')
    await expect(confirmed).rejects.toMatchObject({ code: 'BACKPLANE', retryable: true })
  })

  test('tell those apart whose record is gone', async () => {
    const { asked, confirmations } = answering()
    const first = confirmations.confirm(recordOf('first'))
    const [left, right] = [confirmations.confirm(recordOf('left')), confirmations.confirm(recordOf('right'))]
    const outcomes = Promise.allSettled([left, right])
    asked[0]?.answer('durable')
    await first
    await settle()
    asked[1]?.answer('gone')
    await settle()
    asked[2]?.answer('gone')
    await settle()
    asked[3]?.answer('durable')
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(asked.slice(2).map(({ tasks }) => tasks)).toEqual([['left'], ['right']])
  })
})

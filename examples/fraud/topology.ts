import { from, int, topology, type, value } from '@millrace/core'
import { stdout } from '@millrace/file'
import { transactions } from './transactions.ts'

/** Why a card is stopped, and what led to it. */
export interface Alert {
  readonly card: string
  readonly reason: 'velocity' | 'travel'
  readonly total: number
  readonly at: number
}

const forgetAfterMs = 60_000
const travelMs = 30_000

/** Alerts for cards that spend more than a limit within a minute, or are used in two countries within half a minute. */
export default topology('fraud')
  .params({
    limit: int({ default: 1_000, doc: 'most that a card may spend within a minute' }),
    transactions: int({ default: 5_000, doc: 'how many transactions are made up' }),
  })
  .sources((p) => ({ uses: from(transactions(p.transactions), { eventTime: 'at', outOfOrderness: '2s' }) }))
  .build(({ uses }, p) => {
    const alerts = uses.keyBy('card').process({
      name: 'alerts',
      state: { spent: value<number>(), last: value<{ country: string; at: number }>() },
      emits: type<Alert>(),
      onRecord(use, { key, state, timers, emit }) {
        const last = state.last.get()
        const wasQuiet = last === undefined || use.at - last.at >= forgetAfterMs
        const spent = (wasQuiet ? 0 : (state.spent.get() ?? 0)) + use.amount
        state.spent.set(spent)
        state.last.set({ country: use.country, at: use.at })
        // One timer a card: setting it again moves it, so it fires for cards that are no longer in use.
        timers.eventTime(use.at + forgetAfterMs, 'forget')
        if (spent > p.limit && spent - use.amount <= p.limit)
          emit({ card: key, reason: 'velocity', total: spent, at: use.at })
        if (last && last.country !== use.country && use.at - last.at < travelMs) {
          emit({ card: key, reason: 'travel', total: spent, at: use.at })
        }
      },
      onTimer(_timer, { state }) {
        state.spent.clear()
        state.last.clear()
      },
    })
    return { alerts: alerts.to(stdout()) }
  })

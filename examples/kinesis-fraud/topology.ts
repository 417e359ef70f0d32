import { from, int, json, string, topology, type, value } from '@millrace/core'
import { folder } from '@millrace/file'
import { kinesis } from '@millrace/kinesis'
import { type Alert, type CardUse, quietMs, type Swipe, swiped } from './card.ts'

/** Alerts for cards that spend too much before they are quiet again, or are used in two countries within half a minute. */
export default topology('kinesis-fraud')
  .params({
    stream: string({ default: 'swipes', doc: 'the Kinesis stream of swipes' }),
    region: string({ default: 'eu-central-1' }),
    endpoint: string({ default: '', doc: 'URL of a server that stands in for Kinesis' }),
    out: string({ default: 'alerts', doc: 'folder for the alerts' }),
    limit: int({ default: 1_000, doc: 'most that a card may spend' }),
  })
  .sources(({ stream, region, endpoint }) => ({
    swipes: from(
      kinesis<Swipe>({
        stream,
        region,
        ...(endpoint !== '' && { endpoint }),
        decode: json({ id: string(), card: string(), amount: int(), country: string(), at: int() }),
      }),
      { eventTime: 'at', outOfOrderness: '5s' },
    ),
  }))
  .build(({ swipes }, { out, limit }) => {
    const alerts = swipes.keyBy('card').process({
      name: 'cards',
      state: { use: value<CardUse>() },
      emits: type<Alert>(),
      onRecord(swipe, { state, timers, emit }) {
        const { use, alerts: found } = swiped(state.use.get(), swipe, limit)
        state.use.set(use)
        for (const alert of found) emit(alert)
        // One timer a card: setting it again moves it, so it fires for cards that are no longer in use.
        timers.eventTime(swipe.at + quietMs, 'forget')
      },
      onTimer(_timer, { state }) {
        state.use.clear()
      },
    })
    return { alerts: alerts.to(folder({ path: out, encode: json(), roll: { age: 0 } })) }
  })

import { type Alert, type CardUse, type Swipe, swiped } from './card.ts'

/** All alerts of some swipes, worked out card by card in one loop: what any number of workers must find. */
export function alertsOf(swipes: readonly Swipe[], limit: number): Alert[] {
  const uses = new Map<string, CardUse>()
  return swipes.flatMap((swipe) => {
    const { use, alerts } = swiped(uses.get(swipe.card), swipe, limit)
    uses.set(swipe.card, use)
    return alerts
  })
}

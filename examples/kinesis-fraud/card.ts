/** One swipe of a card, as a terminal sends it. */
export interface Swipe {
  readonly id: string
  readonly card: string
  readonly amount: number
  readonly country: string
  /** When, in ms since 1970. */
  readonly at: number
}

/** Why a card is stopped, and what led to it. */
export interface Alert {
  readonly card: string
  readonly reason: 'velocity' | 'travel'
  /** Of the swipe that was one too many. */
  readonly swipe: string
  /** Spent since the card was last quiet. */
  readonly total: number
  readonly at: number
}

/** What is remembered of a card. */
export interface CardUse {
  readonly spent: number
  readonly country: string
  readonly at: number
}

/** A card that was not used for so long starts anew. */
export const quietMs = 60_000
const travelMs = 30_000

/** What a swipe makes of what is known of its card, and the alerts that it causes. */
export function swiped(
  before: CardUse | undefined,
  { id, card, amount, country, at }: Swipe,
  limit: number,
): { readonly use: CardUse; readonly alerts: readonly Alert[] } {
  const last = before !== undefined && at - before.at < quietMs ? before : undefined
  const total = (last?.spent ?? 0) + amount
  const alert = { card, swipe: id, total, at }
  const isTooMuch = total > limit && total - amount <= limit
  const isTooFar = last !== undefined && last.country !== country && at - last.at < travelMs
  const alerts: Alert[] = []
  if (isTooMuch) alerts.push({ ...alert, reason: 'velocity' })
  if (isTooFar) alerts.push({ ...alert, reason: 'travel' })
  return { use: { spent: total, country, at }, alerts }
}

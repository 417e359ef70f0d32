import type { Swipe } from './card.ts'

const countries = ['DE', 'FR', 'NL', 'US'] as const
const cards = 400

/** Swipes of many cards, ten a second of event time: now and then a card is charged again and again, or turns up far from home. */
export function makeSwipes(count: number, seed = 7): Swipe[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => {
    const isSpree = i % 500 < 12
    return {
      id: `s${i}`,
      card: `card-${isSpree ? Math.floor(i / 500) % cards : random(cards)}`,
      amount: isSpree ? 300 + random(200) : 5 + random(80),
      country: random(100) === 0 ? (countries[random(countries.length)] ?? 'DE') : 'DE',
      at: Date.UTC(2026, 0, 1) + i * 100,
    }
  })
}

/** Whole numbers from 0 up to, not including, what it is asked for; the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

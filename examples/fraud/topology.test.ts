import { at, crash, drive } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import fraud from './topology.ts'

const use = (seconds: number, amount: number, country = 'DE') =>
  at(seconds * 1_000, { card: 'c', amount, country, at: seconds * 1_000 })

test('stops a card that spends more than the limit within a minute, once', async () => {
  const driver = drive(fraud, { set: { limit: 1_000 } })
  await driver.send('uses', use(0, 600), use(10, 300), use(20, 200), use(30, 100))
  expect((await driver.finish()).alerts).toEqual([{ card: 'c', reason: 'velocity', total: 1_100, at: 20_000 }])
})

test('forgets what a card has spent when it was quiet for a minute', async () => {
  const driver = drive(fraud, { set: { limit: 1_000 } })
  await driver.send('uses', use(0, 900), use(70, 0, 'FR'), use(200, 900))
  expect((await driver.finish()).alerts).toEqual([])
})

test('stops a card that is in two countries within half a minute', async () => {
  const driver = drive(fraud)
  await driver.send('uses', use(0, 10), use(20, 10, 'US'))
  expect((await driver.finish()).alerts).toEqual([{ card: 'c', reason: 'travel', total: 20, at: 20_000 }])
})

test('gives the same alerts when the worker crashes between any two records', async () => {
  for (let at = 1; at < 4; at++) {
    const uses = [use(0, 600), use(10, 300), use(20, 200, 'US'), use(30, 100)]
    const driver = drive(fraud)
    await driver.send('uses', ...uses.slice(0, at), crash(), ...uses.slice(at))
    expect((await driver.finish()).alerts).toEqual([
      { card: 'c', reason: 'velocity', total: 1_100, at: 20_000 },
      { card: 'c', reason: 'travel', total: 1_100, at: 20_000 },
      { card: 'c', reason: 'travel', total: 1_200, at: 30_000 },
    ])
  }
})

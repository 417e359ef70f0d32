import { count, from, int, Secret, secret, sliding, string, topology, tumbling, type DeadLetter } from '@millrace/core'
import { at, checkpoint, collecting, crash, drive, scripted } from '@millrace/core/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'

interface Click {
  readonly page: string
  readonly at: number
}

const click = (time: number, page = '/'): Click => ({ page, at: time })

const views = topology('views')
  .sources(() => ({ clicks: from(scripted<Click>(), { eventTime: 'at', idleAfter: '30s' }) }))
  .build(({ clicks }) => {
    const counted = clicks.keyBy('page').window(tumbling('10s')).aggregate({ n: count() })
    return { views: counted.to(collecting()), late: counted.late.to(collecting()) }
  })

describe('drive()', () => {
  test('gives what checkpoints have made visible, typed by the names of sources and sinks', async () => {
    const driver = drive(views)
    await driver.send('clicks', click(1000), click(2000, '/about'))
    expect(driver.committed()).toEqual({ views: [], late: [], deadLetters: [] })
    await driver.send('clicks', click(10_000))
    const { views: found, deadLetters } = driver.committed()
    expectTypeOf(found).toEqualTypeOf<readonly { readonly page: string; start: number; end: number; n: number }[]>()
    expectTypeOf(deadLetters).toEqualTypeOf<readonly DeadLetter[]>()
    expect(found).toEqual([
      { page: '/', start: 0, end: 10_000, n: 1 },
      { page: '/about', start: 0, end: 10_000, n: 1 },
    ])
  })

  test('gives lists that later records do not change', async () => {
    const driver = drive(views)
    await driver.send('clicks', click(1000), click(10_000))
    const before = driver.committed()
    await driver.send('clicks', click(20_000))
    expect(before.views).toHaveLength(1)
    expect(driver.committed().views).toHaveLength(2)
  })

  test('keeps the partitions of a source apart', async () => {
    const driver = drive(views)
    await driver.sendTo('clicks', 'a', click(1000))
    await driver.sendTo('clicks', 'b', click(25_000))
    expect(driver.committed().views).toEqual([])
    await driver.sendTo('clicks', 'a', click(2000), click(12_000))
    expect(driver.committed().views).toEqual([{ page: '/', start: 0, end: 10_000, n: 2 }])
    await driver.sendTo('clicks', 'b', click(3000))
    expect((await driver.finish()).late).toEqual([click(3000)])
  })

  test('makes partitions idle as processing time passes, and only those that were silent for long enough', async () => {
    const driver = drive(views)
    await driver.sendTo('clicks', 'a', click(1000))
    await driver.sendTo('clicks', 'b', click(25_000))
    await driver.advance('20s')
    await driver.sendTo('clicks', 'b', click(26_000))
    await driver.advance('9s')
    expect(driver.committed().views).toEqual([])
    await driver.advance('1s')
    expect(driver.committed().views).toEqual([{ page: '/', start: 0, end: 10_000, n: 1 }])
  })

  test('remembers over a crash how long a partition was silent', async () => {
    const driver = drive(views)
    await driver.sendTo('clicks', 'a', click(1000))
    await driver.sendTo('clicks', 'b', click(25_000))
    await driver.advance('29s')
    await driver.sendTo('clicks', 'b', crash(), click(26_000))
    await driver.advance('1s')
    expect(driver.committed().views).toHaveLength(1)
  })

  test('passes time up to the moment of a record that has one', async () => {
    const driver = drive(views)
    await driver.sendTo('clicks', 'a', click(1000))
    await driver.sendTo('clicks', 'b', click(25_000))
    await driver.sendTo('clicks', 'b', at('29s', click(26_000)))
    expect(driver.committed().views).toEqual([])
    await driver.sendTo('clicks', 'b', at('30s', click(27_000)))
    expect(driver.committed().views).toHaveLength(1)
  })

  test('takes the moment of a record for its event time where the source has no other', async () => {
    const built = topology('arrivals')
      .sources(() => ({ words: from(scripted<string>()) }))
      .build(({ words }) => ({
        counts: words
          .windowAll(sliding({ size: '10s', every: '5s' }))
          .aggregate({ n: count() })
          .to(collecting()),
      }))
    const driver = drive(built)
    await driver.send('words', at('1s', 'a'), 'b', at('4s', 'c'), at('12s', 'd'))
    expect(driver.committed().counts).toEqual([
      { start: -5000, end: 5000, n: 3 },
      { start: 0, end: 10_000, n: 3 },
    ])
  })

  test('makes a dead letter of a record that a function changes, all the way down, unless told not to freeze', async () => {
    const built = topology('careless')
      .sources(() => ({ orders: from(scripted<{ lines: { price: number }[] }>()) }))
      .build(({ orders }) => ({
        out: orders
          .map((order) => {
            for (const line of order.lines) line.price *= 2
            return order
          })
          .to(collecting()),
      }))
    const frozen = drive(built)
    await frozen.send('orders', Object.freeze({ lines: [{ price: 1 }] }))
    expect((await frozen.finish()).deadLetters).toMatchObject([
      { node: 'orders.map', code: 'USER_CODE', message: expect.stringContaining('read only') as string },
    ])
    const thawed = drive(built, { freeze: false })
    await thawed.send('orders', { lines: [{ price: 1 }] })
    expect(await thawed.finish()).toEqual({ out: [{ lines: [{ price: 2 }] }], deadLetters: [] })
  })

  test('freezes records that contain themselves, bytes and dates, and leaves classes alone that cannot be frozen', async () => {
    const built = topology('odd')
      .sources(() => ({ odd: from(scripted<object>()) }))
      .build(({ odd }) => ({ out: odd.to(collecting()) }))
    const circular: { self?: object; bytes: Uint8Array; at: Date } = { bytes: new Uint8Array(2), at: new Date(0) }
    circular.self = circular
    const driver = drive(built)
    await driver.send('odd', circular, new Map([[1, {}]]))
    expect((await driver.finish()).out).toHaveLength(2)
  })

  test('sets parameters, with the defaults of the others', async () => {
    const built = topology('params')
      .params({ greeting: string({ default: 'hello' }), times: int({ default: 2 }), password: secret() })
      .sources(() => ({ names: from(scripted<string>()) }))
      .build(({ names }, { greeting, times, password }) => ({
        out: names.map((name) => `${greeting} ${name}`.repeat(times) + password.reveal().length).to(collecting()),
      }))
    const driver = drive(built, { set: { times: 1, password: new Secret(() => 'hunter2') } })
    await driver.send('names', 'Ada')
    expect((await driver.finish()).out).toEqual(['hello Ada7'])
    expect(() => drive(built, { set: { times: 1.5 } })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining('times') as string }) as Error,
    )
  })

  test('needs no secrets, as nothing connects', async () => {
    const built = topology('closed')
      .params({ password: secret() })
      .sources(() => ({ names: from(scripted<string>()) }))
      .build(({ names }, { password }) => ({ out: names.map(() => String(password)).to(collecting()) }))
    const driver = drive(built)
    await driver.send('names', 'Ada')
    expect((await driver.finish()).out).toEqual(['[secret]'])
  })

  test('runs each form of the stages', async () => {
    for (const form of ['generated', 'closures'] as const) {
      const driver = drive(views, { form })
      await driver.send('clicks', click(1000))
      expect((await driver.finish()).views).toHaveLength(1)
    }
  })

  test('takes back what came after a checkpoint when the worker crashes, and does it again', async () => {
    const seen: number[] = []
    const built = topology('seen')
      .sources(() => ({ numbers: from(scripted<number>()) }))
      .build(({ numbers }) => ({ out: numbers.tap((n) => void seen.push(n)).to(collecting()) }))
    const driver = drive(built)
    await driver.send('numbers', 1, checkpoint(), 2, crash(), crash(), 3)
    expect([driver.committed().out, seen]).toEqual([
      [1, 2, 3],
      [1, 2, 2, 2, 3],
    ])
    await driver.send('numbers', crash())
    expect(driver.committed().out).toEqual([1, 2, 3])
  })

  test('does time again too after a crash', async () => {
    const driver = drive(views)
    await driver.sendTo('clicks', 'a', click(1000))
    await driver.sendTo('clicks', 'b', at('25s', click(25_000)), at('40s', click(26_000)), crash(), click(27_000))
    expect(driver.committed().views).toHaveLength(1)
    await driver.advance(0)
    expect((await driver.finish()).views).toHaveLength(2)
  })

  test('names the source that there is not', async () => {
    await expect(drive(views).send('cliks' as 'clicks', click(1))).rejects.toMatchObject({
      message: "there is no source 'cliks'; there are clicks",
    })
  })

  test('gives all output at the end, once', async () => {
    const driver = drive(views)
    await driver.send('clicks', click(1000))
    expect((await driver.finish()).views).toHaveLength(1)
    expect((await driver.finish()).views).toHaveLength(1)
  })

  test('refuses records after its end', async () => {
    const driver = drive(views)
    await driver.finish()
    await expect(driver.send('clicks', click(1000))).rejects.toThrow('finish()')
    await expect(driver.advance('1s')).rejects.toThrow('finish()')
  })

  test('fires all windows at its end although nothing was sent to another source', async () => {
    const built = topology('two')
      .sources(() => ({
        left: from(scripted<Click>(), { eventTime: 'at' }),
        right: from(scripted<Click>(), { eventTime: 'at' }),
      }))
      .build(({ left, right }) => ({
        counts: left.union(right).windowAll(tumbling('10s')).aggregate({ n: count() }).to(collecting()),
      }))
    const driver = drive(built)
    await driver.send('left', click(1000), click(50_000))
    expect(driver.committed().counts).toEqual([])
    expect((await driver.finish()).counts).toHaveLength(2)
  })
})

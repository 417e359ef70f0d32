import { from, topology, type DeadLetter, type Outlet, type Stream } from '@millrace/core'
import { collecting, drive, scripted } from '@millrace/core/testing'
import type { Form } from '../../../src/state/code.ts'

export const forms: readonly Form[] = ['generated', 'closures']

/** A dead letter in one line: who refused what, where it stood, and why. */
export const told = ({ node, bytes, partition, position, code, message }: DeadLetter): string =>
  `${node} refused ${new TextDecoder().decode(bytes)} of ${partition}:${position}: ${code} ${message}`

/** Sends values through steps that keep nothing, and gives what comes out. */
export async function through<T, R>(
  form: Form,
  steps: (events: Stream<T>) => Stream<R>,
  values: readonly T[],
): Promise<{ readonly out: readonly R[]; readonly dead: readonly string[] }> {
  const { out, dead } = await throughAll(
    form,
    (events: Stream<T>) => ({ out: steps(events).to(collecting<R>()) }),
    values,
  )
  return { out: out as readonly R[], dead }
}

/** The same with several sinks. */
export async function throughAll<T, N extends string>(
  form: Form,
  steps: (events: Stream<T>) => { readonly [S in N]: Outlet<unknown> },
  values: readonly T[],
): Promise<{ readonly [S in N]: readonly unknown[] } & { readonly dead: readonly string[] }> {
  const built = topology('steps')
    .sources(() => ({ events: from(scripted<T>()) }))
    .build(({ events }) => steps(events))
  const driver = drive(built, { form })
  await driver.send('events', ...values)
  const { deadLetters, ...outputs } = await driver.finish()
  return { ...(outputs as unknown as { readonly [S in N]: readonly unknown[] }), dead: deadLetters.map(told) }
}

import type { Aggregate, Slots } from '@millrace/core'

/** An aggregate as functions over plain values, for tests that look at single steps. */
export function machine<T>(aggregate: Aggregate<T, unknown>) {
  const steps = aggregate.steps((slot) => slot)
  const measure = (value: T): unknown =>
    typeof aggregate.measure === 'function' ? aggregate.measure(value as never) : value[aggregate.measure as keyof T]
  const create = (): Slots =>
    Object.fromEntries(
      Object.entries(aggregate.slots).map(([name, { initial }]) => [
        name,
        typeof initial === 'number' ? initial : initial(),
      ]),
    )
  const pane = (values: readonly T[]): Slots => {
    const slots = create()
    values.forEach((value, i) => steps.add(slots, measure(value), value, 0, '', i))
    return slots
  }
  return {
    create,
    pane,
    refuses: (value: T): boolean => steps.refuse?.(measure(value)) ?? false,
    merge: (a: Slots, b: Slots): void => steps.merge(a, b),
    subtract: (a: Slots, b: Slots): void => steps.subtract?.(a, b),
    result: (a: Slots): unknown => steps.result(a),
    /** The result of these panes, merged. */
    total: (groups: readonly (readonly T[])[]): unknown => {
      const all = create()
      for (const group of groups) steps.merge(all, pane(group))
      return steps.result(all)
    },
  }
}

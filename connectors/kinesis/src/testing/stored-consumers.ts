import { ServiceError } from './service-error.ts'

/** A consumer of enhanced fan-out. */
export interface StoredConsumer {
  readonly name: string
  readonly arn: string
  /** In ms since 1970. */
  readonly createdAt: number
  /** It can be subscribed with while it is active. */
  readonly status: 'CREATING' | 'ACTIVE' | 'DELETING'
}

interface Registration {
  readonly name: string
  readonly arn: string
  readonly createdAt: number
  readonly activeAt: number
  goneAt: number
}

const most = 20

/** The consumers of a stream. */
export class StoredConsumers {
  readonly #streamArn: string
  readonly #now: () => number
  readonly #transitionMs: number
  readonly #all = new Map<string, Registration>()

  /** @param transitionMs how long one is created, and deleted */
  constructor(streamArn: string, now: () => number, transitionMs: number) {
    this.#streamArn = streamArn
    this.#now = now
    this.#transitionMs = transitionMs
  }

  list(): StoredConsumer[] {
    const now = this.#now()
    for (const { name, goneAt } of this.#all.values()) if (now >= goneAt) this.#all.delete(name)
    return [...this.#all.values()].map(({ name, arn, createdAt, activeAt, goneAt }) => ({
      name,
      arn,
      createdAt,
      status: goneAt < Infinity ? 'DELETING' : now < activeAt ? 'CREATING' : 'ACTIVE',
    }))
  }

  /** The one of a name or an ARN. */
  find({ name, arn }: { name?: string | undefined; arn?: string | undefined }): StoredConsumer | undefined {
    return this.list().find((each) => each.name === name || each.arn === arn)
  }

  /** @throws ServiceError where there is one of that name, or 20 in all */
  register(name: string): StoredConsumer {
    if (this.find({ name }) !== undefined)
      throw new ServiceError('ResourceInUseException', `Consumer ${name} of ${this.#streamArn} already exists.`)
    if (this.#all.size >= most)
      throw new ServiceError('LimitExceededException', `${this.#streamArn} has ${most} consumers already.`)
    const createdAt = this.#now()
    const arn = `${this.#streamArn}/consumer/${name}:${Math.floor(createdAt / 1000)}`
    const activeAt = this.#transitionMs === 0 ? -Infinity : createdAt + this.#transitionMs
    this.#all.set(name, { name, arn, createdAt, activeAt, goneAt: Infinity })
    return { name, arn, createdAt, status: 'CREATING' }
  }

  deregister(name: string): void {
    const consumer = this.#all.get(name)
    if (consumer === undefined) return
    if (this.#transitionMs === 0) this.#all.delete(name)
    else consumer.goneAt = Math.min(consumer.goneAt, this.#now() + this.#transitionMs)
  }
}

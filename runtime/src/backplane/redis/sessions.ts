/** What makes one life of a worker distinct, and its claims countable, so that requests that come late are told from new ones. */
export interface Session {
  readonly id: string
  /** Number of its last claim. */
  claims: number
  /** Nonce of a claim whose outcome is unknown: it is repeated before there is another one. */
  openClaim: string | undefined
}

/** The workers that this process is, by name. */
export class Sessions {
  readonly #nonce: () => string
  readonly #sessions = new Map<string, Session>()

  constructor(nonce: () => string) {
    this.#nonce = nonce
  }

  /** The session of a worker, begun if there is none. */
  of(worker: string): Session {
    const session = this.#sessions.get(worker) ?? { id: this.#nonce(), claims: 0, openClaim: undefined }
    this.#sessions.set(worker, session)
    return session
  }

  find(worker: string): Session | undefined {
    return this.#sessions.get(worker)
  }

  /** The worker has left; when it comes back it is another one. */
  end(worker: string): void {
    this.#sessions.delete(worker)
  }
}

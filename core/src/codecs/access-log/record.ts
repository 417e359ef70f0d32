/** One request, as a web server logs it. What the log has as `-` is absent, or 0 for numbers. */
export interface AccessLogRecord {
  /** Address or name of the client. */
  readonly host: string
  /** Who had logged in. */
  readonly user?: string | undefined
  /** When the request came, in ms since 1970. */
  readonly at: number
  /** `GET`; empty where the request was none. */
  readonly method: string
  /** What was asked for, query included; the whole request where it was none. */
  readonly path: string
  /** `HTTP/1.1`; empty where the client named none. */
  readonly protocol: string
  readonly status: number
  /** Size of the answer. */
  readonly bytes: number
  /** Absent in the common format. */
  readonly referer?: string | undefined
  /** The client's program. Absent in the common format. */
  readonly agent?: string | undefined
}

/** The formats that {@link accessLog} knows by name. */
export type AccessLogLayout = 'combined' | 'common' | 'nginx'

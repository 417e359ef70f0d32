/** A log format of LOGTOJSON: what a line is matched by, and what its groups are called. */
export interface LogFormat {
  readonly pattern: RegExp
  readonly fields: readonly string[]
  /** A field that is `-` is null. */
  readonly hasDashes: boolean
}

const user = '[\\w.-]+'
const date = '\\d{1,2}/[A-Za-z]{3,9}/\\d+:\\d{1,2}:\\d{2}:\\d{2}(?:[:.,]\\d+)?\\s[+-]?\\d+'
const number = '[+-]?\\d+|-'
const common = `(\\S+) (${user}) (${user}) \\[(${date})\\] "([^"]+)" (${number}) (${number})`
const commonFields = ['host', 'ident', 'authuser', 'datetime', 'request', 'response', 'bytes']

const weekday = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*'
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*'
const time = '\\d{1,2}:\\d{2}:\\d{1,2}(?:[:.,]\\d+)?'
const program = '([\\w./%-]+)(?:\\[(\\d+)\\])?: (.*)'
const syslogFields = ['timestamp', 'hostname', 'program', 'processid', 'message']
const facility = '(?:<\\d+.\\d+> )?'
const instant = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:Z|[+-]\\d{2}:\\d{2})'

const formatOf = (pattern: string, fields: readonly string[], hasDashes: boolean): LogFormat => ({
  pattern: new RegExp(`^${pattern}$`, 's'),
  fields,
  hasDashes,
})

/** By the name that `logFormat` gives. */
export const logFormats: Readonly<Record<string, LogFormat>> = {
  COMMONAPACHELOG: formatOf(`${common}.*`, commonFields, true),
  COMBINEDAPACHELOG: formatOf(`${common} "([^"]+)" "([^"]+)".*`, [...commonFields, 'referer', 'agent'], true),
  APACHEERRORLOG: formatOf(
    `\\[(${weekday}\\s+${month}\\s+\\d{1,2}\\s+${time}\\s+\\d+)\\] \\[(?:(\\w+):)?(\\w+)\\] \\[pid (\\d+)(?::tid (\\d+))?\\] \\[client ([^\\]]+)\\] (.*)`,
    ['timestamp', 'module', 'severity', 'processid', 'threadid', 'client', 'message'],
    true,
  ),
  SYSLOG: formatOf(`(${month}\\s+\\d{1,2}\\s+${time}) ${facility}(${user}) ${program}`, syslogFields, false),
  RFC3339SYSLOG: formatOf(`(${instant}) ${facility}(${user}) ${program}`, syslogFields, false),
}

/** What {@link endOnBrokenPipe} needs of `process`. */
export interface PipeProcess {
  readonly stdout: NodeJS.WritableStream
  exit(code: number): never
}

/** 128 + 13: as a program ends that a SIGPIPE kills. */
const brokenPipe = 141

/** Ends the process when whoever read its output is gone, as in `millrace dlq ls | head`; a job is safe to kill. */
export function endOnBrokenPipe(process: PipeProcess): void {
  process.stdout.on('error', (error: Error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(brokenPipe)
    throw error
  })
}

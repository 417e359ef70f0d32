/** What {@link exitWhenWritten} needs of `process`. */
export interface ExitProcess {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  exit(code: number): never
}

/** Ends the process when all it wrote is out: `exit` alone may cut off what goes into a pipe. */
export async function exitWhenWritten(process: ExitProcess, code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()))
  return process.exit(code)
}

import { enableCompileCache } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { endOnBrokenPipe } from './end-on-broken-pipe.ts'
import { exitWhenWritten } from './exit-when-written.ts'
import { quietWarnings } from './quiet-warnings.ts'
import { onUncaught } from './uncaught.ts'

// Before anything more is loaded: Node warns about some of it, and half of the time of a short command is compiling.
quietWarnings(process, ({ name, message }) => process.stderr.write(`${name}: ${message}\n`))
enableCompileCache()

// One of several workers in one process; see `--workers`.
if (isMainThread) await runCommandLine(process.argv.slice(2))
else await (await import('./run/threads/thread-main.ts')).runThread()

async function runCommandLine(args: readonly string[]): Promise<void> {
  const { hideCommandLine } = await import('./hide-passwords.ts')
  const { systemIo } = await import('./io.ts')
  const { runProgram } = await import('./program.ts')
  const { reportFailure } = await import('./report-failure.ts')

  hideCommandLine(args, process)
  endOnBrokenPipe(process)
  const io = systemIo()
  onUncaught(process, (error) => reportFailure(error, args, io))

  // A file of the user may have opened what keeps a process alive, so the end is said.
  await exitWhenWritten(process, await runProgram(args, io))
}

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { badOption } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { examples, jobOption, jsonOption, stateOption, stateStoreOption } from '../options.ts'
import { bytes, count } from '../text/amounts.ts'
import { exportJob, type Transferred } from '../transfer/export-job.ts'
import { type JobStoreOptions, openJobStore } from '../transfer/open-job-store.ts'

interface ExportOptions extends JobStoreOptions {
  readonly force?: true
  readonly json?: true
}

/** `millrace checkpoints export`: all of a job that rests, in one file. */
export const checkpointsExportCommand = ({ io, exit }: CommandContext): Command =>
  new Command('export')
    .description('write all that a stopped job has stored into one file; dead letters are not part of it')
    .argument('<file>', 'the file to make')
    .addOption(stateOption())
    .addOption(jobOption())
    .addOption(stateStoreOption())
    .option('--force', 'replace a file that is there')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'checkpoints export page-views.export --job page-views',
        'checkpoints export page-views.export --state redis://localhost:6379 --job page-views',
      ),
    )
    .action(async (file: string, options: ExportOptions) => {
      if (!options.force && existsSync(resolve(io.cwd, file)))
        throw badOption(`file: ${file} is there already; give --force to replace it`)
      await using store = await openJobStore(options, io)
      const done = await exportJob(store, resolve(io.cwd, file), io.world.clock.now())
      io.out(
        options.json
          ? `${JSON.stringify({ file, ...done })}\n`
          : `${file}: ${transferText(done)}, ${bytes(done.bytes)}\n`,
      )
      exit(exitCodes.ok)
    })

/** What went from one place to another. */
export const transferText = ({ job, tasks, stateBytes, waitingBytes }: Transferred): string =>
  `job ${job}, ${count(tasks)} ${tasks === 1 ? 'task' : 'tasks'}, state ${bytes(stateBytes)}, ${bytes(waitingBytes)} in exchanges`

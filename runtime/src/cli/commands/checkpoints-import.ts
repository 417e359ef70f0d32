import { resolve } from 'node:path'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { examples, jobOption, jsonOption, stateOption, stateStoreOption } from '../options.ts'
import { ExportReader } from '../transfer/export-reader.ts'
import { importJob } from '../transfer/import-job.ts'
import { type JobStoreOptions, openNewJobStore } from '../transfer/open-job-store.ts'
import { transferText } from './checkpoints-export.ts'

interface ImportOptions extends JobStoreOptions {
  readonly force?: true
  readonly json?: true
}

/** `millrace checkpoints import`: puts an export in place, as another run of its job. */
export const checkpointsImportCommand = ({ io, exit }: CommandContext): Command =>
  new Command('import')
    .description('put what `export` wrote into a job that has nothing stored, as a new run of it')
    .argument('<file>', 'a file of `checkpoints export`')
    .addOption(stateOption())
    .addOption(jobOption())
    .addOption(stateStoreOption())
    .option('--force', 'into a job that has something stored, which is forgotten')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'checkpoints import page-views.export --state restored.db',
        'checkpoints import page-views.export --state redis://localhost:6379 --force',
      ),
    )
    .action(async (file: string, options: ImportOptions) => {
      const path = resolve(io.cwd, file)
      await using store = await openNewJobStore(options, options.job ?? (await jobIn(path)), io)
      const done = await importJob(store, path, options.job, options.force ?? false)
      io.out(
        options.json
          ? `${JSON.stringify({ state: store.where, ...done })}\n`
          : `${store.where}: ${transferText(done)}\n`,
      )
      exit(exitCodes.ok)
    })

async function jobIn(path: string): Promise<string> {
  await using reader = await ExportReader.open(path)
  return (await reader.head()).job
}

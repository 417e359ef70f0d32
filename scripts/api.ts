// The API reports: checked against the built declarations, or, with --update, written from them.
import { existsSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { publishedPackages, root } from './packages.ts'
import { run } from './run.ts'

const update = process.argv.includes('--update')
const silent = { logLevel: ExtractorLogLevel.None, addToApiReportFile: false }
const inReport = { logLevel: ExtractorLogLevel.None, addToApiReportFile: true }

const configs = publishedPackages()
  .flatMap(({ folder }) => [
    { folder, name: basename(folder), entry: join(folder, 'dist/index.d.ts') },
    { folder, name: `${basename(folder)}.testing`, entry: join(folder, 'dist/testing/index.d.ts') },
  ])
  .filter(({ entry }) => existsSync(entry))
  .map(config)

const [first] = configs
if (!first) throw new Error('There is nothing to report on: npm run build first.')
const compilerState = CompilerState.create(first, {
  additionalEntryPoints: configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
})

const results = configs.map((each) =>
  Extractor.invoke(each, {
    compilerState,
    localBuild: update,
    messageCallback: (message) => {
      message.handled = message.messageId.startsWith('console-')
    },
  }),
)
for (const { apiReportChanged, extractorConfig, errorCount } of results) {
  const { reportFilePath, reportTempFilePath } = extractorConfig
  if (apiReportChanged && update) console.log(`wrote ${relative(root, reportFilePath)}`)
  if (apiReportChanged && !update) showDifference(reportFilePath, reportTempFilePath)
  if (errorCount > 0 || (apiReportChanged && !update)) process.exitCode = 1
}

if (process.exitCode === 1) console.error('The API differs from its report. If that is meant: npm run api.')

function showDifference(reviewed: string, actual: string): void {
  run('git', ['diff', '--no-index', '--', existsSync(reviewed) ? reviewed : '/dev/null', actual])
}

function config({ folder, name, entry }: { folder: string; name: string; entry: string }): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      compiler: {
        overrideTsconfig: {
          compilerOptions: { target: 'es2022', lib: ['es2023'], module: 'nodenext', types: ['node'], strict: true },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: folder,
        reportTempFolder: join(root, 'out/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: { default: inReport, 'ae-missing-release-tag': silent, 'ae-undocumented': silent },
        tsdocMessageReporting: { default: silent },
      },
    },
  })
}

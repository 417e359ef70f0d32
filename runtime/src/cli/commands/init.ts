import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { badOption, MillraceError } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { messageOf } from '../error-text.ts'
import { exitCodes } from '../exit-code.ts'
import { packageName } from '../init/package-name.ts'
import { type ProjectFile, projectFiles } from '../init/project-files.ts'
import { examples } from '../options.ts'
import { version } from '../version.ts'

/** `millrace init`: writes a new project that runs. */
export const initCommand = ({ io, exit }: CommandContext): Command =>
  new Command('init')
    .description('make a new project: a topology, its test, and what they need')
    .argument('[folder]', 'where; it is made if it is not there', '.')
    .addHelpText('after', examples('init page-views'))
    .action((path: string) => {
      const folder = resolve(io.cwd, path)
      const files = projectFiles({ name: packageName(basename(folder)), version: version() })
      write(folder, files)
      const steps = [...enter(relative(io.cwd, folder)), 'npm install', 'npm test', 'npm start']
      io.out(`Made ${files.map((file) => file.path).join(', ')} in ${folder}\n\n`)
      io.out(`Next:\n${steps.map((step) => `  ${step}\n`).join('')}`)
      exit(exitCodes.ok)
    })

function write(folder: string, files: readonly ProjectFile[]): void {
  const taken = files.filter(({ path }) => existsSync(join(folder, path)))
  if (taken.length > 0) {
    const names = taken.map(({ path }) => path).join(', ')
    throw badOption(`folder: ${folder} has ${names} already, and nothing was written; name another folder`)
  }
  try {
    mkdirSync(folder, { recursive: true })
    // wx: what has appeared since is not overwritten either
    for (const { path, text } of files) writeFileSync(join(folder, path), text, { flag: 'wx' })
  } catch (cause) {
    throw new MillraceError('BAD_OPTION', `folder: ${messageOf(cause)}; name a folder that you may write to`, { cause })
  }
}

const enter = (folder: string): string[] => (folder === '' ? [] : [`cd ${folder}`])

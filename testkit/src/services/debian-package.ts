import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

/** The programs that {@link unpackDebianPackage} needs. */
export const debianClients: readonly string[] = ['apt-get', 'dpkg-deb']

/** Unpacks a Debian package, and those it needs that the machine lacks, into a folder; without root or a trace elsewhere. */
export function unpackDebianPackage(name: string, into: string, env: NodeJS.ProcessEnv): void {
  const downloads = join(into, 'downloads')
  mkdirSync(downloads)
  const apt: Apt = (...args) => runCommand('apt-get', args, { cwd: downloads, env: { ...env, LC_ALL: 'C' } })
  try {
    download(name, apt)
  } catch {
    // lists that are absent, as in most images, or older than what the archive still has
    download(name, withListsOfItsOwn(apt, downloads))
  }
  const packages = readdirSync(downloads).filter((file) => file.endsWith('.deb'))
  for (const file of packages) runCommand('dpkg-deb', ['--extract', join(downloads, file), into], { env })
  rmSync(downloads, { recursive: true })
}

/** Folder of the libraries in a folder that packages were unpacked into: `usr/lib/x86_64-linux-gnu` for one. */
export function debianLibraries(folder: string): string {
  const below = join(folder, 'usr/lib')
  return join(below, readdirSync(below).find((name) => name.includes('-linux-gnu')) ?? '')
}

type Apt = (...args: readonly string[]) => string

function download(name: string, apt: Apt): void {
  const plan = apt('install', '--simulate', '--no-install-recommends', name)
  const needed = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, needs = '']) => needs)
  apt('download', ...new Set([name, ...needed]))
}

function withListsOfItsOwn(apt: Apt, folder: string): Apt {
  const [lists, cache] = [join(folder, 'lists'), join(folder, 'cache')]
  for (const path of [join(lists, 'partial'), join(cache, 'archives/partial')]) mkdirSync(path, { recursive: true })
  const settings = [`Dir::State::lists=${lists}`, `Dir::Cache=${cache}`, 'Acquire::Languages=none']
  // root would else download as a user who may not look into the folder
  if (process.getuid?.() === 0) settings.push('APT::Sandbox::User=root')
  const options = settings.flatMap((setting) => ['--option', setting])
  apt(...options, 'update')
  return (...args) => apt(...options, ...args)
}

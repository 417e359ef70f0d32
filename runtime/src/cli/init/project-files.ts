import { readFileSync } from 'node:fs'

/** What stands in for a word of a template, by name. */
export interface ProjectWords {
  readonly name: string
  readonly version: string
}

/** A file of a new project. */
export interface ProjectFile {
  /** Relative to the folder of the project. */
  readonly path: string
  readonly text: string
}

const paths = ['package.json', 'tsconfig.json', 'topology.ts', 'topology.test.ts', '.gitignore', 'README.md']

/** The files of a new project. */
export const projectFiles = (words: ProjectWords): ProjectFile[] =>
  paths.map((path) => ({ path, text: filled(template(path), words) }))

/** Templates have an ending of their own, so that no tool takes them for what they will be. */
const template = (path: string): string =>
  readFileSync(new URL(`template/${path.replace(/^\./, '')}.template`, import.meta.url), 'utf8')

const filled = (text: string, { name, version }: ProjectWords): string =>
  text.replaceAll('{{name}}', name).replaceAll('{{version}}', version)

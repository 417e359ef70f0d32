// Reading files.
export { files } from './source.ts'
export type { FilesOptions } from './options.ts'
export type { FileMeta } from './reading/file-records.ts'

// Reading files.
export { files } from './source.ts'
export type { FilesOptions } from './options.ts'
export type { FileMeta } from './reading/file-records.ts'

// Writing files.
export { folder } from './sink.ts'
export type { FolderOptions, RollOptions } from './options.ts'
export { hive } from './writing/hive.ts'
export type { HiveValue } from './writing/hive.ts'

// Making records up.
export { generate } from './generate/generate.ts'
export type { GeneratedMeta, GenerateOptions } from './generate/generate.ts'
export type { Random } from './generate/random.ts'
export type { EventTimeOptions } from './generate/event-times.ts'
export { pageViews } from './generate/page-views.ts'
export type { PageView, PageViewOptions } from './generate/page-views.ts'
export { auctions, bids, persons } from './generate/nexmark.ts'
export type { Auction, Bid, NexmarkOptions, Person } from './generate/nexmark.ts'
export { accessLogLines } from './generate/access-log-lines.ts'
export type { AccessLogLinesOptions } from './generate/access-log-lines.ts'

// Showing records.
export { stdout } from './stdout/stdout.ts'
export type { StdoutOptions } from './stdout/stdout.ts'
export type { Output } from './stdout/screen.ts'

import { fileURLToPath } from 'node:url'

const urls = {
  endless: new URL('../fixtures/endless.ts', import.meta.url),
  failing: new URL('../fixtures/failing.ts', import.meta.url),
  keeping: new URL('../fixtures/keeping.ts', import.meta.url),
  'page-views': new URL('../fixtures/page-views.ts', import.meta.url),
  secretive: new URL('../fixtures/secretive.ts', import.meta.url),
  timed: new URL('../fixtures/timed.ts', import.meta.url),
  stray: new URL('../fixtures/stray.ts', import.meta.url),
}

/** Path of a topology in `fixtures`. */
export const fixture = (name: keyof typeof urls): string => fileURLToPath(urls[name])

import type { Location } from './node.ts'

/** Everything below is Millrace itself, never the user. */
const ownFolder = pathOf(new URL('..', import.meta.url).href)

/** Deep enough to leave this package from any of its functions. */
const frames = 12

/** The place in the user's code that called into this package; empty when the engine keeps no usable stack. */
export function callerLocation(): Location {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = frames
  const { stack } = new Error()
  Error.stackTraceLimit = limit
  return firstOutside(stack)
}

/** The first frame of a stack that lies in no `own` folder and not in the platform, as `file:line:column`. */
export function firstOutside(stack: unknown, own: string = ownFolder): Location {
  if (typeof stack !== 'string') return ''
  const places = stack.split('\n').map(placeOf)
  return places.find((place) => place !== '' && !place.startsWith(own) && !place.startsWith('node:')) ?? ''
}

/** `    at name (file:///a/b.ts:1:2)` → `/a/b.ts:1:2`; empty for a line that is no frame of a file. */
function placeOf(line: string): string {
  const [, frame] = /^\s*at (?:async )?(.+)$/.exec(line) ?? []
  const [, inBrackets] = /^.*? \((.+)\)$/.exec(frame ?? '') ?? []
  const place = inBrackets ?? frame ?? ''
  return /:\d+:\d+$/.test(place) && !place.includes('<anonymous>') ? pathOf(place) : ''
}

/** File URLs and paths alike as paths, so that they compare. */
function pathOf(place: string): string {
  return place.startsWith('file://') ? decodeURIComponent(new URL(place).pathname) : place
}

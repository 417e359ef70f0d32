const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Length of `25/Nov/2026:21:03:07 +0000`. */
export const timeLength = 26

const zero = 48
const slash = 47
const colon = 58

/** Reads and writes the times of web server logs; a day is worked out once, as lines come day by day. */
export class LogTime {
  #first = 0
  #second = 0
  #third = 0
  /** Start of the day whose letters are kept above, as if it were UTC. */
  #day = NaN

  /** Milliseconds since 1970 of the 26 bytes from `at` on; NaN if they are no time. The bytes must be there. */
  read(bytes: Uint8Array, view: DataView, at: number): number {
    const first = view.getInt32(at)
    const second = view.getInt32(at + 4)
    const third = view.getInt32(at + 7)
    if (first !== this.#first || second !== this.#second || third !== this.#third || Number.isNaN(this.#day)) {
      this.#day = readDay(bytes, at)
      this.#first = first
      this.#second = second
      this.#third = third
    }
    return this.#day + readClock(bytes, at + 11) - readZone(bytes, at + 20)
  }
}

/** `25/Nov/2026`. */
function readDay(bytes: Uint8Array, at: number): number {
  if (bytes[at + 2] !== slash || bytes[at + 6] !== slash) return NaN
  const month = monthNames.indexOf(String.fromCharCode(bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!))
  const year = twoDigits(bytes, at + 7) * 100 + twoDigits(bytes, at + 9)
  const day = twoDigits(bytes, at)
  if (month < 0 || Number.isNaN(year + day)) return NaN
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  // Days that a month does not have would roll over into the next one.
  return date.getUTCDate() === day ? date.getTime() : NaN
}

/** `:21:03:07`; a leap second is the first one of the next minute. */
function readClock(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== colon || bytes[at + 3] !== colon || bytes[at + 6] !== colon) return NaN
  const hour = twoDigits(bytes, at + 1)
  const minute = twoDigits(bytes, at + 4)
  const second = twoDigits(bytes, at + 7)
  return hour < 24 && minute < 60 && second < 61 ? (hour * 60 + minute) * 60_000 + second * 1_000 : NaN
}

/** ` +0130`, in milliseconds. */
function readZone(bytes: Uint8Array, at: number): number {
  const sign = bytes[at + 1] === 43 ? 1 : bytes[at + 1] === 45 ? -1 : NaN
  const hour = twoDigits(bytes, at + 2)
  const minute = twoDigits(bytes, at + 4)
  return bytes[at] === 32 && hour < 24 && minute < 60 ? sign * (hour * 60 + minute) * 60_000 : NaN
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - zero
  const ones = bytes[at + 1]! - zero
  return tens >>> 0 < 10 && ones >>> 0 < 10 ? tens * 10 + ones : NaN
}

/** `25/Nov/2026:21:03:07 +0000` of a time, to the second; undefined for one that has no such form. */
export function writeLogTime(at: number): string | undefined {
  const iso = at >= -62_167_219_200_000 && at < 253_402_300_800_000 ? new Date(at).toISOString() : undefined
  if (iso === undefined) return undefined
  return `${iso.slice(8, 10)}/${monthNames[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`
}

import { Secret } from '@millrace/core'

/** Shorter words stand in every other line: hiding them would tell what they are, and hide everything else. */
const leastLength = 4

/**
 * Takes secrets out of what is printed. A {@link Secret} does not print itself, but a connector or a function of the
 * user may have put what it revealed into a description or an error.
 */
export class Redactor {
  readonly #words = new Set<string>()
  readonly #learned: (secret: string) => void
  #longestFirst: readonly string[] = []

  /** `learned` is told of each secret, once. */
  constructor(learned: (secret: string) => void = () => {}) {
    this.#learned = learned
  }

  /** The same secret; whatever it reveals, now or later, is not printed any more. */
  watch(secret: Secret): Secret {
    const reveal = (): string => this.#learn(secret.reveal())
    reveal()
    return new Secret(reveal)
  }

  clean(text: string): string {
    return this.#longestFirst.reduce((cleaned, word) => cleaned.replaceAll(word, '[secret]'), text)
  }

  #learn(secret: string): string {
    if (this.#words.has(secret)) return secret
    this.#words.add(secret)
    this.#learned(secret)
    const words = [...this.#words].flatMap(spellings).filter(({ length }) => length >= leastLength)
    this.#longestFirst = words.toSorted((a, b) => b.length - a.length)
    return secret
  }
}

/** A secret as it appears in text, in JSON, in a URL and in a Mermaid label; line by line too, as printing indents lines. */
function spellings(secret: string): string[] {
  const texts = [secret, secret.replace(/\s+/g, ' ').trim(), ...secret.split(/\r?\n/)]
  return texts.flatMap((text) => [text, inJson(text), encodeURIComponent(wellFormed(text)), inMermaid(text)])
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** As `explain` writes labels. */
const inMermaid = (text: string): string => text.replace(/["<>#&`\\]/g, (sign) => `#${sign.charCodeAt(0)};`)

/** Half a surrogate pair has no place in a URL. */
const wellFormed = (text: string): string => text.replaceAll(/\p{Cs}/gu, '\u{fffd}')

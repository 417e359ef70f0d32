import { Secret } from '@millrace/core'

/** Shorter words stand in every other line: hiding them would tell what they are, and hide everything else. */
const leastLength = 4

/**
 * Takes secrets out of what is printed. A {@link Secret} does not print itself, but a connector or a function of the
 * user may have put what it revealed into a description or an error.
 */
export class Redactor {
  readonly #words = new Set<string>()
  #longestFirst: readonly string[] = []

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
    const words = [...this.#words].flatMap(spellings).filter(({ length }) => length >= leastLength)
    this.#longestFirst = words.toSorted((a, b) => b.length - a.length)
    return secret
  }
}

/** A secret as it appears in text, in JSON and in a URL; and line by line, as printing indents lines. */
function spellings(secret: string): string[] {
  const texts = [secret, ...secret.split(/\r?\n/)]
  return texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(wellFormed(text))])
}

/** Half a surrogate pair has no place in a URL. */
const wellFormed = (text: string): string => text.replaceAll(/\p{Cs}/gu, '\u{fffd}')

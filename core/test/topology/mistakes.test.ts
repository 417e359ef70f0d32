import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

/** What the compiler must say of each case of `mistakes/cases.ts`: the sentence that helps. */
const sentences: Readonly<Record<string, string>> = {
  '1 wrong field in filter': `Property 'bott' does not exist on type 'Click'. Did you mean 'bot'?`,
  '2 wrong field name in keyBy': `Argument of type '"pgae"' is not assignable to parameter of type '"at" | "bot" | "id" | "ms" | "page" |`,
  '3 key is not a scalar': `Type 'string[]' is not assignable to type 'Scalar'.`,
  '4 key may be undefined': `Type 'undefined' is not assignable to type 'Scalar'.`,
  '5 window before keyBy': `"window() needs a key: call keyBy() first, or windowAll() for one window over everything"`,
  '6 bad duration': `Argument of type '"1 minute"' is not assignable to parameter of type 'Duration'.`,
  '7 sum of a string': `Types of property 'user' are incompatible. Type 'string' is not assignable to type 'number'.`,
  '8 sum of a function that gives a string': `Type '(c: Click) => string' is not assignable to type '(value: Click) => number'.`,
  '9 reserved name': `"'start' is the window's own field; choose another name"`,
  '10 result with the name of the key': `"'page' is a field of the key; choose another name"`,
  '11 sink of another type': `Property 'id' is missing in type '{ start: number; end: number; page: string; n: number; }' but required in type '{ id: string; }'.`,
  '12 unknown column': `'nope' does not exist in type '{ at?: string; bot?: string;`,
  '13 forgot decode': `Property 'decode' is missing in type '{ stream: string; }'`,
  '14 event time is no time': `"no field of these records is a number or a Date; give eventTime a function"`,
  '15 emit of the wrong shape': `'usr' does not exist in type '{ user: string; }'. Did you mean to write 'user'?`,
  '16 function in state': `"a function cannot be kept in state"`,
  '17 forgot the aggregate': `"a window needs aggregate(), reduce() or process() first: they say what it emits"`,
  '18 returned a stream, not a sink': `Property '[endedWithTo]' is missing in type 'Stream<{ page: string; at: number; }>'`,
  '19 async map': `Property 'startsWith' does not exist on type 'Promise<string>'.`,
  '20 unknown parameter': `'outt' does not exist in type '{ out?: string; }'. Did you mean to write 'out'?`,
  '21 test sends a wrong record': `'pge' does not exist in type '{ page: string; at: number; }'. Did you mean to write 'page'?`,
  '22 two sinks of one name': `An object literal cannot have multiple properties with the same name.`,
  '23 hopping without every': `Property 'every' is missing in type '{ size: "5m"; }'`,
  '24 map after keyBy': `"after keyBy() come window(), reduce() or process(): do this step before keyBy(), or after them"`,
  '25 distinct of a list': `Types of property 'tags' are incompatible. Type 'string[]' is not assignable to type 'Scalar'.`,
  '26 key field that is not a scalar': `The types of '_type.tags' are incompatible between these types. Type 'string[]' is not assignable to type 'Scalar'.`,
  '27 key of fields, one of which may be undefined': `Property 'ref' is optional in type 'Click' but required in type '{ readonly page: Scalar; readonly ref: Scalar; }'.`,
  '28 aggregate without a window': `"aggregate() needs a window: call window() first"`,
  '29 sink after keyBy': `"after keyBy() come window(), reduce() or process(): do this step before keyBy(), or after them"`,
  '30 dedupe without within': `Property 'within' is missing in type '{}' but required in type 'DedupeOptions'.`,
  '31 wrong onError': `Type '"ignore"' is not assignable to type 'OnError | undefined'.`,
  "32 source named as the topology's own stream": `"'deadLetters' is the topology's own stream; choose another name"`,
  '33 branch named rest': `"'rest' is the branch of the records that no predicate takes; choose another name"`,
  "34 no window in a window's place": `'size' does not exist in type 'WindowSpec'.`,
  '35 sliding with a number of records': `Type '{ records: number; }' is not assignable to type 'Duration'.`,
  '36 dedupe by a list': `Type 'string[]' is not assignable to type 'Scalar'.`,
  '37 union of something else': `Type 'number[]' is missing the following properties from type 'Flow<unknown>'`,
}

const folder = join(import.meta.dirname, 'mistakes')

/** Messages by the title of the case they stand in. */
function compile(): Map<string, string> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
  const messages = new Map<string, string>()
  for (const { line, text } of errors(stdout)) {
    const title = titleAt(line)
    messages.set(title, `${messages.get(title) ?? ''} ${text}`.trim())
  }
  return messages
}

function errors(output: string): { readonly line: number; readonly text: string }[] {
  return output
    .split(/^(?=\S+\(\d+,\d+\): error )/m)
    .map((error) => /^\S+\((\d+),\d+\): error \w+: (.*)$/s.exec(error))
    .filter((match) => match !== null)
    .map(([, line, text]) => ({ line: Number(line), text: normalised(text ?? '') }))
}

/** On one line, without advice that one compiler option adds to every message. */
const normalised = (text: string): string =>
  text
    .replace(/ with 'exactOptionalPropertyTypes: true'\. Consider adding [^.]+\./g, '.')
    .replace(/\s+/g, ' ')
    .trim()

/** The last comment with a number at or above a line. */
function titleAt(line: number): string {
  const lines = readFileSync(join(folder, 'cases.ts'), 'utf8').split('\n').slice(0, line)
  return lines.findLast((text) => /^\/\/ \d/.test(text))?.slice(3) ?? ''
}

const messages = compile()

test.each(Object.entries(sentences))('explains: %s', (title, sentence) => {
  expect(messages.get(title)).toContain(sentence)
})

test('knows every case, and finds an error in each', () => {
  expect([...messages.keys()]).toEqual(Object.keys(sentences))
})

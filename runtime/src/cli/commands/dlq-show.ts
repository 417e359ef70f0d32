import { errorCodes, type StoredDeadLetter } from '@millrace/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { DeadLetterStore } from '../dead-letter-store.ts'
import { exitCodes } from '../exit-code.ts'
import { letterJson } from '../letter-json.ts'
import { examples, jobOption, jsonOption, stateOption, wholeNumber } from '../options.ts'
import type { StateOptions } from '../state-file.ts'
import { openState } from '../state/open-state.ts'
import { bytes as amount, instant } from '../text/amounts.ts'
import { asText, hexDump } from '../text/byte-text.ts'
import { fields } from '../text/table.ts'

interface ShowOptions extends StateOptions {
  readonly hex?: true
  readonly json?: true
}

/** `millrace dlq show`: one dead letter with its bytes. */
export const dlqShowCommand = ({ io, exit }: CommandContext): Command =>
  new Command('show')
    .description('show one dead letter and its bytes')
    .argument('<id>', 'its id, as `dlq ls` lists it', wholeNumber)
    .addOption(stateOption())
    .addOption(jobOption())
    .option('--hex', 'the bytes in hex, even if they are text')
    .addOption(jsonOption())
    .addHelpText('after', examples('dlq show 17', 'dlq show 17 --state .millrace/page-views.db --hex'))
    .action(async (id: number, options: ShowOptions) => {
      await using state = await openState(options, io)
      const letter = await new DeadLetterStore(state).get(id)
      io.out(options.json ? `${JSON.stringify(letterJson(letter), null, 2)}\n` : shown(letter, options))
      exit(exitCodes.ok)
    })

function shown(letter: StoredDeadLetter, { hex }: ShowOptions): string {
  const { id, seq, at, state, source, node, partition, position, code, message, time, bytes } = letter
  const text = hex ? undefined : asText(bytes)
  const known = fields([
    ['id', String(id)],
    ['state', state === 'redrive' ? 'marked: it is read again' : 'stored'],
    ['stored at', `${instant(at)}, with checkpoint ${seq}`],
    ['event time', time === undefined ? 'unknown' : instant(time)],
    ['source', source],
    ['partition', partition],
    ['position', position],
    ['node', node],
    ['code', `${code}: ${errorCodes[code] ?? ''}`],
    ['message', message],
    ['bytes', `${amount(bytes.length)}${text === undefined ? ', in hex' : ''}`],
  ])
  return `${known}\n${text ?? hexDump(bytes)}\n`
}

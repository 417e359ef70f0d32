import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh folder; the test removes it. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'millrace-runtime-'))

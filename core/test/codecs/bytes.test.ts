import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codecs/bytes.ts'
import { codecConformance } from '../../src/testing/codec-conformance.ts'

describe('bytes', () => {
  codecConformance({
    test,
    expect,
    create: bytes,
    samples: [new Uint8Array(), Uint8Array.of(0, 1, 255), new Uint8Array(5_000).fill(7)],
    refused: [],
    unwritable: ['text', null, [1]],
  })
})

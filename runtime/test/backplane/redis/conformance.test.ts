import { backplaneConformance, clusterConformance } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { modelStore } from './support/model-store.ts'

describe('over the model of a Redis', () => {
  backplaneConformance({ test, expect, create: async () => modelStore() })
  clusterConformance({ test, expect, create: async () => modelStore() })
})

import { memoryStore } from '../../../src/adapters/memory/store.ts'
import { objectStoreContract } from '../../contracts/object-store.ts'

objectStoreContract('memory', () => ({ store: memoryStore() }))

#!/usr/bin/env node
import { main } from '../dist/src/app/main.js'

await main(import.meta.url)

// SPDX-License-Identifier: Apache-2.0
// Bytes that both ends know by their offset alone, so that a lost, doubled or foreign one is found wherever it is.
import { createHash } from 'node:crypto'

// A prime: no power of two, which buffers have, fits into it.
const period = 65521
const once = Buffer.concat(Array.from({ length: 2048 }, (_, index) => createHash('sha256').update(`${index}`).digest())).subarray(0, period)
const twice = Buffer.concat([once, once])

/** At most a period of bytes from an offset on. */
export function bytes(offset, count) {
  const start = offset % period
  return twice.subarray(start, start + Math.min(count, period))
}

/** Yields `count` bytes from an offset on, in pieces. */
export function* pieces(offset, count) {
  for (let sent = 0; sent < count;) {
    const piece = bytes(offset + sent, count - sent)
    sent += piece.length
    yield piece
  }
}

/** Follows what arrives, and throws at the first byte that is another than it should be. */
export class Checker {
  constructor(offset) {
    this.offset = offset
    this.count = 0
  }

  take(chunk) {
    for (let used = 0; used < chunk.length;) {
      const expected = bytes(this.offset + this.count, chunk.length - used)
      if (!expected.equals(chunk.subarray(used, used + expected.length))) throw new Error(`wrong bytes within ${expected.length} from ${this.count}`)
      used += expected.length
      this.count += expected.length
    }
  }
}

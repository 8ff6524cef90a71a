/** The CRC-32 of gzip, its bits reversed as zlib has them: the highest bit is the lowest power. */
const POLYNOMIAL = 0xed_b8_83_20
const ONE = 0x80_00_00_00
const X_TO_THE_8 = 0x00_80_00_00

/**
 * The CRC-32 of two pieces in a row, from the CRC-32 of each and the length of the second: the first is carried over as
 * many zero bytes (a multiplication with x^8n modulo the polynomial), and the second added.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (times(first, power(secondBytes)) ^ second) >>> 0
}

/** x^(8 * bytes), by squaring. */
function power(bytes: number): number {
  let result = ONE
  let square = X_TO_THE_8
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = times(result, square)
    square = times(square, square)
  }
  return result
}

/** The product of two polynomials over bits, modulo the polynomial. */
function times(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= shifted
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1
  }
  return product >>> 0
}

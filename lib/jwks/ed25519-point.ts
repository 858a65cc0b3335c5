const P = 2n ** 255n - 19n;
/** The constant of the curve -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 section 5.1). */
const D =
  37_095_705_934_669_439_343_138_083_508_754_565_189_542_113_879_843_219_016_388_785_533_085_940_283_555n;
/** The `y` of the eight points whose order divides 8: the neutral one, those of order 2 and 4, two of order 8. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  1n,
  P - 1n,
  0n,
  2_707_385_501_144_840_649_318_225_287_225_658_788_936_804_267_575_313_519_463_743_609_750_303_402_022n,
  55_188_659_117_513_257_062_467_267_217_118_295_137_698_188_065_244_968_500_265_048_394_206_261_417_927n,
]);

/**
 * Why 32 bytes are no public key of Ed25519; undefined if they are one.
 *
 * Signatures under a point of small order can be made without a private key, and `crypto.verify` accepts them
 * (RFC 8032 section 5.1.7 does not look at the order either).
 */
export function findPointWeakness(bytes: Uint8Array): string | undefined {
  // Little-endian, the sign of x in the last bit (RFC 8032 section 5.1.2).
  const y = BigInt.asUintN(255, BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`));
  // Other encodings of a point of small order are no canonical ones.
  const reduced = y % P;
  if (SMALL_ORDER.has(reduced)) return 'its Ed25519 point has a small order';
  // RFC 8032 section 5.1.3, step 1.
  if (reduced !== y) return 'its Ed25519 point is not in its canonical form';
  return isOnCurve(y) ? undefined : 'its "x" is no point of Ed25519';
}

/** Whether some x belongs to y: x^2 = (y^2 - 1) / (d y^2 + 1) has a root exactly if the product has one. */
function isOnCurve(y: bigint): boolean {
  const square = (y * y) % P;
  const product = ((square - 1n) * (D * square + 1n)) % P;
  // Euler's criterion.
  let power = 1n;
  for (let base = product, exponent = (P - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) power = (power * base) % P;
    base = (base * base) % P;
  }
  return power === 1n;
}

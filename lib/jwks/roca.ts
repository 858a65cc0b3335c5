/** The generator that the vulnerable library takes primes from: `p = k * M + (65537^a mod M)`. */
const GENERATOR = 65_537;

/** The odd primes in the smallest `M` that it uses; the larger ones contain them. */
export const ROCA_PRIMES: readonly number[] = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** For each prime: the discrete logarithm, to the base 65537, of each residue that has one. */
const LOGARITHMS = ROCA_PRIMES.map((prime) => {
  const byResidue = new Map<number, number>();
  for (let residue = 1; !byResidue.has(residue); residue = (residue * GENERATOR) % prime) {
    byResidue.set(residue, byResidue.size);
  }
  return { prime, byResidue };
});

/**
 * Whether a modulus comes from the key generator of CVE-2017-15361 (Nemec and others, "The Return of Coppersmith's
 * Attack", CCS 2017, section 5): it is a power of 65537 modulo the product of the primes. A modulus at random
 * passes with a probability of 2^-154, so that no honest key is refused.
 *
 * @param residueOf - the modulus modulo a prime.
 */
export function isRocaModulus(residueOf: (prime: number) => number): boolean {
  const found: { readonly log: number; readonly order: number }[] = [];
  for (const { prime, byResidue } of LOGARITHMS) {
    const log = byResidue.get(residueOf(prime));
    if (log === undefined) return false;
    found.push({ log, order: byResidue.size });
  }
  // One exponent has to serve all primes; it exists exactly if each two of them agree.
  return found.every((one) => found.every((other) => agree(one, other)));
}

function agree(
  one: { readonly log: number; readonly order: number },
  other: { readonly log: number; readonly order: number },
): boolean {
  return (one.log - other.log) % greatestCommonDivisor(one.order, other.order) === 0;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

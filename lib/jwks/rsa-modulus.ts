import { isRocaModulus } from './roca.js';

/** Trial division goes this far, as in NIST SP 800-89 section 5.3.3. */
const LARGEST_FACTOR = 751;
/** Rounds of Fermat's factorization. Primes that are chosen independently are 2^(bits / 2 - 100) apart at least. */
const FERMAT_ROUNDS = 100;

/** The odd primes up to the bound, in groups whose product a double holds exactly: one long division for each. */
const PRIME_GROUPS = groupPrimes(LARGEST_FACTOR);

const SQUARE_RESIDUES = [64, 63, 65, 11].map((modulus) => ({
  modulus,
  squares: new Set(Array.from({ length: modulus }, (_, root) => root ** 2 % modulus)),
}));
const SQUARE_FILTER = BigInt(64 * 63 * 65 * 11);

/**
 * Why a modulus is no product of two large primes that were chosen at random, as far as that is cheap to see;
 * undefined if nothing speaks against it. Whoever knows its factors signs as the issuer.
 */
export function findModulusWeakness(modulus: bigint): string | undefined {
  if (BigInt.asUintN(1, modulus) === 0n) return 'its RSA modulus is even';
  const residues = new Map<number, number>();
  for (const { primes, product } of PRIME_GROUPS) {
    const rest = Number(modulus % product);
    for (const prime of primes) {
      const residue = rest % prime;
      if (residue === 0) return `its RSA modulus is divisible by ${String(prime)}`;
      residues.set(prime, residue);
    }
  }
  if (isRocaModulus((prime) => residues.get(prime) ?? 0)) {
    return 'its RSA modulus has the fingerprint of ROCA (CVE-2017-15361)';
  }
  return hasCloseFactors(modulus) ? 'its RSA modulus has two factors that are nearly equal' : undefined;
}

/** `n = a^2 - b^2 = (a + b)(a - b)`: a square is found in the first round. */
function hasCloseFactors(modulus: bigint): boolean {
  const root = integerRoot(modulus);
  let a = root * root === modulus ? root : root + 1n;
  let square = a * a - modulus;
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    if (isSquare(square)) return true;
    square += 2n * a + 1n;
    a++;
  }
  return false;
}

/** Most numbers are no squares modulo small ones, which is far cheaper to see than by their root. */
function isSquare(value: bigint): boolean {
  const rest = Number(value % SQUARE_FILTER);
  if (!SQUARE_RESIDUES.every(({ modulus, squares }) => squares.has(rest % modulus))) return false;
  const root = integerRoot(value);
  return root * root === value;
}

/** The largest integer whose square is not larger, by Newton's method from above. */
function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The division of a 4096-bit number is what costs. Dividing by the product of many primes at once makes a dozen of them enough. */
function groupPrimes(
  bound: number,
): readonly { readonly primes: readonly number[]; readonly product: bigint }[] {
  const groups: { primes: number[]; product: number }[] = [];
  for (let candidate = 3; candidate <= bound; candidate += 2) {
    if (groups.some(({ primes }) => primes.some((prime) => candidate % prime === 0))) continue;
    const last = groups.at(-1);
    if (last === undefined || last.product * candidate > Number.MAX_SAFE_INTEGER) {
      groups.push({ primes: [candidate], product: candidate });
    } else {
      last.primes.push(candidate);
      last.product *= candidate;
    }
  }
  return groups.map(({ primes, product }) => ({ primes, product: BigInt(product) }));
}

import { isRocaModulus } from './roca.js';

/** Trial division goes this far, as in NIST SP 800-89 section 5.3.3. */
const LARGEST_FACTOR = 751;
/** Rounds of Fermat's factorization. Primes that are chosen independently are 2^(bits / 2 - 100) apart at least. */
const FERMAT_ROUNDS = 100;

/** Moduli with few squares, and the product of all four: one division of a large number serves them. */
// Stryker disable next-line ArrayDeclaration: the filter of isSquare only spares roots.
const SQUARE_RESIDUES = [64, 63, 65, 11].map((modulus) => ({
  modulus,
  squares: new Set(Array.from({ length: modulus }, (_, root) => root ** 2 % modulus)),
}));
const SQUARE_FILTER = 2_882_880n;

/** Odd primes whose product a double holds exactly: one long division for each group. */
export interface PrimeGroup {
  readonly primes: readonly number[];
  readonly product: bigint;
}

/**
 * Why a modulus is no product of two large primes that were chosen at random, as far as that is cheap to see;
 * undefined if nothing speaks against it. Whoever knows its factors signs as the issuer.
 */
export function findModulusWeakness(modulus: bigint): string | undefined {
  if (BigInt.asUintN(1, modulus) === 0n) return 'its RSA modulus is even';
  const residues = new Map<number, number>();
  for (const { primes, product } of primeGroups()) {
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

/** `n = a^2 - b^2 = (a + b)(a - b)`: a square is found at once. */
function hasCloseFactors(modulus: bigint): boolean {
  const root = integerRoot(modulus);
  if (root * root === modulus) return true;
  let a = root + 1n;
  let square = a * a - modulus;
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    if (isSquare(square)) return true;
    square += 2n * a + 1n;
    a++;
  }
  return false;
}

/** @param value - at least 1. */
function isSquare(value: bigint): boolean {
  const rest = Number(value % SQUARE_FILTER);
  // Most numbers are no squares modulo small ones, which is far cheaper to see than by their root.
  // Stryker disable next-line ConditionalExpression,MethodExpression: with a filter that lets more through, the root decides.
  if (!SQUARE_RESIDUES.every(({ modulus, squares }) => squares.has(rest % modulus))) return false;
  const root = integerRoot(value);
  return root * root === value;
}

/**
 * The largest integer whose square is not larger, by Newton's method from above.
 *
 * @param value - at least 1.
 */
function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt(value.toString(16).length * 2);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

let groups: readonly PrimeGroup[] | undefined;

/** Made with the first key. */
function primeGroups(): readonly PrimeGroup[] {
  return (groups ??= groupPrimes(LARGEST_FACTOR));
}

/**
 * The odd primes up to a bound, in groups. The division of a 4096-bit number is what costs: dividing by the product of many
 * primes at once makes 22 of them enough.
 */
export function groupPrimes(bound: number): readonly PrimeGroup[] {
  const found: { primes: number[]; product: number }[] = [];
  for (let candidate = 3; candidate <= bound; candidate += 2) {
    if (found.some(({ primes }) => primes.some((prime) => candidate % prime === 0))) continue;
    const last = found.at(-1);
    if (last !== undefined && Number.isSafeInteger(last.product * candidate)) {
      last.primes.push(candidate);
      last.product *= candidate;
    } else {
      found.push({ primes: [candidate], product: candidate });
    }
  }
  return found.map(({ primes, product }) => ({ primes, product: BigInt(product) }));
}

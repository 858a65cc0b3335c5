import { generatePrimeSync, randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isRocaModulus, ROCA_PRIMES } from './roca.js';
import { findModulusWeakness, groupPrimes } from './rsa-modulus.js';

const ROCA = 'its RSA modulus has the fingerprint of ROCA (CVE-2017-15361)';

const numberOf = (base64url: string): bigint =>
  BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`);
const residuesOf =
  (modulus: bigint) =>
  (prime: number): number =>
    Number(modulus % BigInt(prime));

/** Moduli of devices that were sold, from the test data of the public detection tool (github.com/crocs-muni/roca). */
const VULNERABLE: readonly (readonly [string, string])[] = [
  [
    '2,048 bits',
    'nc10IOQgwnCmgGDri1qnRXqfZkj4b6_tJ3XMH3muli8eY_G55RxV-epv3HMy6bAFjJ_y6x_ImFUCnPaq_iHmif6zisn_sS8c43G7XQ6armQWGrznS0JE' +
      'v2jx7bRBH3VqCXyJKcFHQCReo1X4My0ao2u1DH3LRQXajeAuTlPTj43wYJfadSTfDfk9tI6sjMSvLToWJX6ysq3Ka6Rk5ZdPqSVQ0xsbq_Fh52ktALhu' +
      'PdiG7KtKv74aj4zCY_9K9VzbRfQkmlGTkl9emD12LwtoAJQ-sCZ7CPQu0xHOH1yG6svIzk08t6L-4e9WQUI6HPQRTl7PUANKYKQSUjr55vSqEQ',
  ],
  [
    // Also the key "kid-rsa-roca-sign" of Wycheproof's json_web_signature_test.json.
    '2,049 bits',
    'AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7fe4r11CqRw09yBFuW79V8sYIw' +
      'HdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7N' +
      'aFka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtKUsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE',
  ],
  [
    '4,096 bits',
    'w5qSgGDbUTCRtgTq2tcZ7ZTiRt6P4V-3bvq1z6u8P8VIb-LvKlpahHLwxb4Int7AcfsoTfRGf6H6bI8LAT0xc_5jZ0RmYom_Z7XJmMh7WQFdlLucINMK' +
      'cM_ideQv08b0TUxSUvnGtoA_kq_ZKBU725DvCO3pNMB28zVD-aHDYhMJKbmhMkxevuaDHCUcSKfe4k11rFOM6aWNf_CcEqXXcrbDP0JlpOSDC9c60iHS' +
      'TU0_CS4kJ5wV_B0QymlWH08HExPIaxGrNqXdKN85L1gYNO7P3J4YOkZhmOM88B0nO9QdS34ojMZvJOugRna9IJD29zgwM2oxe8LUI7VYudj2MuEq97Dn' +
      '_JvbaSgugf30GmjPToXwH8ND3-UqOtAfZ0WdOAFlFZ4SCe8c5OzSZkjgYfrwiWVR9_H5LWtqGa8Kt_HwktfhaLzsDuR4uGGEiaiWenHl4KXBl2YtjpdW' +
      '8JChdxCdSjSuIKGMVinv6lymZiOWD8Ml93nNrokafsBR8A6De48vuf0Z9qNYMsoOXOg3WXLEKjCPfVygQ0AiwTGHQIfoJu1zeZTkb75E9fHpCJNPYDPm' +
      'hR69BUR93bqlHAZxhJyv06UDzcFQEBkU7fM7FAwWjD2-pHkedOphmrGzHJBpHeHUJbdGsiKism7VQiLLyvJ6BU-fZvd75kZhmMM-N90',
  ],
];

const productOf = (numbers: readonly number[]): bigint =>
  numbers.reduce((product, each) => product * BigInt(each), 1n);

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** A number as the vulnerable library takes it for a prime; whether it is one makes no difference to the test. */
function rocaFactor(bits: number): bigint {
  const m = 2n * productOf(ROCA_PRIMES);
  const k = BigInt(`0x${randomBytes((bits - 220) / 8).toString('hex')}`);
  const exponent = BigInt(`0x${randomBytes(8).toString('hex')}`);
  return (k + 1n) * m + power(65_537n, exponent, m);
}

const SMALL_PRIMES = Array.from({ length: 749 }, (_, at) => BigInt(at + 3)).filter((candidate) => {
  for (let divisor = 2n; divisor * divisor <= candidate; divisor++)
    if (candidate % divisor === 0n) return false;
  return true;
});

/** By bisection, as the code under test does not do it. */
function rootOf(value: bigint): bigint {
  let [low, high] = [0n, value + 1n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle * middle <= value) low = middle;
    else high = middle;
  }
  return low;
}

const randomOdd = (bits: number): bigint => {
  const bytes = randomBytes(bits / 8);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return BigInt(`0x${bytes.toString('hex')}`) | 1n;
};

describe('the fingerprint of ROCA', () => {
  it.each(VULNERABLE)('is in a modulus of a vulnerable device, of %s', (_bits, n) => {
    expect(findModulusWeakness(numberOf(n))).toBe(ROCA);
  });

  it('is in moduli made by the published construction', () => {
    for (let round = 0; round < 20; round++) {
      const modulus = rocaFactor(1020) * rocaFactor(1020);
      expect(isRocaModulus(residuesOf(modulus))).toBe(true);
    }
  });

  it('is not in a number that has a logarithm modulo each prime, but none for all of them', () => {
    for (let round = 0; round < 20; round++) {
      const residues = new Map(
        ROCA_PRIMES.map((prime) => [
          prime,
          Number(power(65_537n, BigInt(randomInt(1_000_000)), BigInt(prime))),
        ]),
      );
      expect(isRocaModulus((prime) => residues.get(prime) ?? 0)).toBe(false);
    }
  });

  it('is not looked for beyond the first prime that has no logarithm', () => {
    const asked: number[] = [];
    // 65537 is -1 modulo 11, so that 2 is none of its powers.
    expect(isRocaModulus((prime) => asked.push(prime) && (prime === 11 ? 2 : 1))).toBe(false);
    expect(asked).toEqual([3, 5, 7, 11]);
  });

  it('is in none of ten thousand odd numbers', () => {
    for (let round = 0; round < 10_000; round++)
      expect(isRocaModulus(residuesOf(randomOdd(256)))).toBe(false);
  });
});

describe('findModulusWeakness', () => {
  it('finds nothing in the products of each two of twelve random primes', () => {
    const primes = Array.from({ length: 12 }, () => generatePrimeSync(1024, { bigint: true }));
    for (const [at, first] of primes.entries()) {
      for (const second of primes.slice(0, at)) expect(findModulusWeakness(first * second)).toBeUndefined();
    }
  }, 30_000);

  it('finds nothing in the modulus of RFC 7517 appendix A.1', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
      'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91' +
      'CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    expect(findModulusWeakness(numberOf(n))).toBeUndefined();
  });

  const prime = generatePrimeSync(1024, { bigint: true });
  const nextPrime = generatePrimeSync(1024, { bigint: true, add: 2n, rem: 1n });

  it.each([
    ['a power of two', 2n ** 2047n, 'its RSA modulus is even'],
    ['an even number', randomOdd(2048) - 1n, 'its RSA modulus is even'],
    ['a multiple of 3', 3n * prime * nextPrime, 'its RSA modulus is divisible by 3'],
    ['a multiple of 751', 751n * prime * nextPrime, 'its RSA modulus is divisible by 751'],
    ['a power of 3', 3n ** 1300n, 'its RSA modulus is divisible by 3'],
    ['2^2048 - 1', 2n ** 2048n - 1n, 'its RSA modulus is divisible by 3'],
    ['the square of a prime', prime * prime, 'its RSA modulus has two factors that are nearly equal'],
    ['the fourth power of a prime', prime ** 4n, 'its RSA modulus has two factors that are nearly equal'],
  ])('finds %s', (_what, modulus, weakness) => {
    expect(findModulusWeakness(modulus)).toBe(weakness);
  });

  it('looks for close factors a hundred rounds long', () => {
    /** Two factors that the round reveals: (middle - distance) * (middle + distance). */
    const revealedIn = (round: bigint): bigint => {
      const middle = prime;
      // The root of their product is about distance^2 / (2 * middle) below the middle.
      let distance = rootOf(2n * middle * round - middle);
      const hasSmallFactor = (): boolean =>
        SMALL_PRIMES.some(
          (small) => (middle - distance) % small === 0n || (middle + distance) % small === 0n,
        );
      distance -= distance % 2n;
      while (hasSmallFactor()) distance += 2n;
      return (middle - distance) * (middle + distance);
    };
    const found = [1n, 2n, 99n, 100n, 101n].map((round) => findModulusWeakness(revealedIn(round)));
    const close = 'its RSA modulus has two factors that are nearly equal';
    expect(found).toEqual([close, close, close, close, undefined]);
  });

  it('divides by each odd prime up to 751, with 22 divisions that a double holds exactly', () => {
    const groups = groupPrimes(751);
    expect(groups.flatMap(({ primes }) => primes.map(BigInt))).toEqual(SMALL_PRIMES);
    expect(groups).toHaveLength(22);
    for (const { primes, product } of groups) {
      expect(product).toBe(productOf(primes));
      expect(product).toBeLessThanOrEqual(BigInt(Number.MAX_SAFE_INTEGER));
    }
  });

  it('finds two factors whose halves of the distance are small, and not two that are independent', () => {
    const productWith = (distance: bigint): bigint => {
      let near = prime + distance;
      while (SMALL_PRIMES.some((small) => near % small === 0n)) near += 2n;
      return prime * near;
    };
    // Fermat's factorization takes distance^2 / (8 * prime) rounds: 1, then 50 to 67, then 200 at least.
    for (const distance of [2n ** 500n, 20n * 2n ** 512n]) {
      expect(findModulusWeakness(productWith(distance))).toBe(
        'its RSA modulus has two factors that are nearly equal',
      );
    }
    expect(findModulusWeakness(productWith(40n * 2n ** 512n))).toBeUndefined();
    expect(findModulusWeakness(prime * nextPrime)).toBeUndefined();
  });
});

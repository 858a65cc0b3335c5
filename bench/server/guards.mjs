// The guards that are compared: what others would write by hand, and bare ones that show where the limits are.
import { createPublicKey, verify } from 'node:crypto';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { createVerifier } from 'fast-jwt';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { passportJwtSecret } from 'jwks-rsa';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { AUDIENCE } from '../support/tokens.mjs';

/**
 * @typedef {import('@nestjs/common').ExecutionContext} Context
 * @typedef {import('@nestjs/common').CanActivate} CanActivate
 * @typedef {import('../../dist/index.js').TokenValidationService} Validation
 * @typedef {{ issuer: string, algorithm: import('../support/tokens.mjs').Algorithm }} Target
 */

/** @param {Context} context */
function tokenOf(context) {
  /** @type {{ headers: { authorization: string } }} */
  const { headers } = context.switchToHttp().getRequest();
  return headers.authorization.slice('Bearer '.length);
}

/**
 * Runs all jobs of one poll phase back to back, behind one setImmediate.
 *
 * @returns {(job: () => void) => void}
 */
function createTurns() {
  /** @type {(() => void)[]} */
  let jobs = [];
  const runAll = () => {
    const turn = jobs;
    jobs = [];
    for (const job of turn) job();
  };
  return (job) => {
    if (jobs.length === 0) setImmediate(runAll);
    jobs.push(job);
  };
}

/**
 * Waits for the next turn, and does nothing in it: what deferring alone does to a server.
 *
 * @returns {CanActivate}
 */
export function setImmediateGuard() {
  const inTurn = createTurns();
  return { canActivate: () => new Promise((resolve) => inTurn(() => resolve(true))) };
}

/**
 * The signature and nothing else, at once: neither issuer nor expiry nor anything else is looked at.
 *
 * @param {Target} target
 * @returns {Promise<CanActivate>}
 */
export async function verifyGuard(target) {
  const check = await signatureCheck(target);
  return { canActivate: (context) => check(tokenOf(context)) };
}

/**
 * The signature and nothing else, in turns: what a guard could reach.
 *
 * @param {Target} target
 * @returns {Promise<CanActivate>}
 */
export async function verifyInTurnsGuard(target) {
  const check = await signatureCheck(target);
  const inTurn = createTurns();
  return {
    canActivate: (context) => {
      const token = tokenOf(context);
      return new Promise((resolve) => inTurn(() => resolve(check(token))));
    },
  };
}

/** @param {Target} target */
async function signatureCheck({ issuer, algorithm }) {
  const key = createPublicKey({ key: await fetchKey(issuer), format: 'jwk' });
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  const how = algorithm === 'ES256' ? { key, dsaEncoding: /** @type {const} */ ('ieee-p1363') } : key;
  return (/** @type {string} */ token) => {
    const end = token.lastIndexOf('.');
    return verify(
      digest,
      Buffer.from(token.slice(0, end), 'latin1'),
      how,
      Buffer.from(token.slice(end + 1), 'base64url'),
    );
  };
}

/** @param {string} issuer */
async function fetchKey(issuer) {
  const response = await fetch(`${issuer}/jwks`);
  const { keys } = /** @type {{ keys: import('node:crypto').JsonWebKey[] }} */ (await response.json());
  const [key] = keys;
  if (key === undefined) throw new Error(`${issuer} has no key`);
  return key;
}

/**
 * fast-jwt at its best: one key that is known beforehand, and synchronous.
 *
 * @param {Target} target
 * @returns {Promise<CanActivate>}
 */
export async function fastJwtGuard({ issuer, algorithm }) {
  const key = createPublicKey({ key: await fetchKey(issuer), format: 'jwk' });
  const check = /** @type {(token: string) => object} */ (
    createVerifier({
      key: key.export({ type: 'spki', format: 'pem' }).toString(),
      cache: false,
      allowedIss: issuer,
      allowedAud: AUDIENCE,
      algorithms: [/** @type {'RS256'} */ (algorithm)],
    })
  );
  return {
    canActivate: (context) => {
      Object.assign(context.switchToHttp().getRequest(), { user: check(tokenOf(context)) });
      return true;
    },
  };
}

/**
 * @param {Target} target
 * @returns {CanActivate}
 */
export function joseGuard({ issuer, algorithm }) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  return {
    canActivate: async (context) => {
      const options = { issuer, audience: AUDIENCE, algorithms: [algorithm] };
      const { payload: user } = /** @type {{ payload: object }} */ (
        await jwtVerify(tokenOf(context), keys, options)
      );
      Object.assign(context.switchToHttp().getRequest(), { user });
      return true;
    },
  };
}

/** The guard of `@nestjs/passport` over the strategy below. */
export const PassportGuard = AuthGuard('jwt');

/** @param {Target} target */
export function createPassportStrategy({ issuer, algorithm }) {
  return class extends PassportStrategy(Strategy) {
    constructor() {
      super({
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKeyProvider: passportJwtSecret({ cache: true, rateLimit: true, jwksUri: `${issuer}/jwks` }),
        issuer,
        audience: AUDIENCE,
        algorithms: [/** @type {'RS256'} */ (algorithm)],
      });
    }

    validate(/** @type {object} */ payload) {
      return payload;
    }
  };
}

/**
 * This module's validation, in a bare guard, at another time or place than its own guard chooses.
 *
 * @param {'at-once' | 'in-turns' | 'thread-pool'} schedule
 * @param {() => Validation} service
 * @returns {CanActivate}
 */
export function scheduledGuard(schedule, service) {
  const inTurn = createTurns();
  switch (schedule) {
    case 'at-once':
      return { canActivate: (context) => service().validateSync(tokenOf(context)) !== undefined };
    case 'in-turns':
      return {
        canActivate: (context) => {
          const token = tokenOf(context);
          return new Promise((resolve, reject) =>
            inTurn(
              () =>
                void service()
                  .validate(token)
                  .then(() => resolve(true), reject),
            ),
          );
        },
      };
    case 'thread-pool':
      return {
        canActivate: async (context) => {
          const [result] = await service().validateMany([tokenOf(context)], { threadPool: 'always' });
          return result?.status === 'fulfilled';
        },
      };
  }
}

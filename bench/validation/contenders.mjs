// Each contender wired as its own documentation says: a function that validates one token.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { JwtVerifier } from 'aws-jwt-verify';
import { auth } from 'express-oauth2-jwt-bearer';
import { createVerifier } from 'fast-jwt';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { JwksClient, passportJwtSecret } from 'jwks-rsa';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { IdentityModule, TokenValidationService } from '../../dist/index.js';
import { AUDIENCE, KID } from '../support/tokens.mjs';

/**
 * @typedef {import('../support/tokens.mjs').Issuer} Issuer
 * @typedef {{ name: string, one: (token: string) => unknown, close?: () => unknown }} Contender
 */

/** @param {Issuer} issuer @param {object} [options] */
export async function startModule({ issuer }, options = {}) {
  const app = await NestFactory.createApplicationContext(
    IdentityModule.forRoot({ issuer, audience: AUDIENCE, warmUp: 'await', ...options }),
    { logger: false },
  );
  return { app, tokens: app.get(TokenValidationService) };
}

/** @param {Issuer} issuer @returns {Promise<Contender[]>} */
export async function ours(issuer) {
  const plain = await startModule(issuer);
  const cached = await startModule(issuer, { tokenCache: {} });
  return [
    {
      name: 'this module, validateSync',
      one: (token) => plain.tokens.validateSync(token),
      close: () => plain.app.close(),
    },
    { name: 'this module, validate', one: (token) => plain.tokens.validate(token) },
    {
      name: 'this module, token cache',
      one: (token) => cached.tokens.validateSync(token),
      close: () => cached.app.close(),
    },
  ];
}

/** @param {Issuer} target @returns {Promise<Contender[]>} */
export async function peers(target) {
  const { algorithm, issuer, jwk, publicKey } = target;
  const jwksUri = `${issuer}/jwks`;
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const algorithms = [algorithm];
  const accepted = { allowedIss: issuer, allowedAud: AUDIENCE, algorithms };
  /** @type {Contender[]} */
  const found = [];

  const remote = createRemoteJWKSet(new URL(jwksUri));
  found.push({
    name: 'jose',
    one: (token) => jwtVerify(token, remote, { issuer, audience: AUDIENCE, algorithms }),
  });

  const fastSync = createVerifier({ key: pem, cache: false, .../** @type {any} */ (accepted) });
  found.push({ name: 'fast-jwt, sync, one PEM key', one: (token) => fastSync(token) });
  const fastCached = createVerifier({ key: pem, cache: 10_000, .../** @type {any} */ (accepted) });
  found.push({ name: 'fast-jwt, cache', one: (token) => fastCached(token) });

  if (algorithm !== 'EdDSA') {
    const client = new JwksClient({ jwksUri, cache: true });
    const fastAsync = createVerifier({
      key: async (/** @type {{ header: { kid: string } }} */ { header }) =>
        (await client.getSigningKey(header.kid)).getPublicKey(),
      cache: false,
      .../** @type {any} */ (accepted),
    });
    found.push({ name: 'fast-jwt, async, key by kid', one: (token) => fastAsync(token) });
    found.push({
      name: 'jsonwebtoken, KeyObject',
      one: (token) =>
        jsonwebtoken.verify(token, publicKey, {
          issuer,
          audience: AUDIENCE,
          algorithms: [algorithm],
        }),
    });

    const strategy = new Strategy(
      {
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        secretOrKeyProvider: passportJwtSecret({ cache: true, rateLimit: true, jwksUri }),
        issuer,
        audience: AUDIENCE,
        algorithms: [algorithm],
      },
      (/** @type {object} */ payload, /** @type {(error: null, user: object) => void} */ done) =>
        done(null, payload),
    );
    found.push({
      name: 'passport-jwt + jwks-rsa',
      one: (token) =>
        new Promise((resolve, reject) => {
          const pass = Object.create(strategy);
          pass.success = resolve;
          pass.fail = reject;
          pass.error = reject;
          pass.authenticate({ headers: { authorization: `Bearer ${token}` } }, {});
        }),
    });
  }

  if (algorithm === 'RS256') {
    const handler = auth({ issuerBaseURL: issuer, audience: AUDIENCE, tokenSigningAlg: algorithm });
    found.push({
      name: 'express-oauth2-jwt-bearer',
      one: (token) =>
        new Promise((resolve, reject) => {
          /** @type {Record<string, string>} */
          const headers = { host: 'localhost', authorization: `Bearer ${token}` };
          const get = (/** @type {string} */ name) => headers[name.toLowerCase()];
          const request = {
            headers,
            get,
            is: () => false,
            query: {},
            method: 'GET',
            protocol: 'http',
            url: '/',
          };
          void handler(/** @type {any} */ (request), /** @type {any} */ ({}), (error) =>
            error ? reject(error) : resolve(undefined),
          );
        }),
    });
  }

  if (algorithm !== 'PS256') {
    const verifier = JwtVerifier.create({ issuer, audience: AUDIENCE, jwksUri });
    verifier.cacheJwks({ keys: [{ ...jwk, kid: KID, kty: String(jwk.kty) }] });
    found.push({ name: 'aws-jwt-verify, verifySync', one: (token) => verifier.verifySync(token) });
  }
  return found;
}

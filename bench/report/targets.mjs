// What the figures are to be. A figure is named as the parts name it.

/**
 * @typedef {import('../support/part.mjs').Figure} Figure
 * @typedef {{ what: string, figure: string, goal: number, unit: string }} Target
 * @typedef {Target & { better: Figure['better'] | undefined, value: number | undefined, met: boolean, missedBy: number }} Judged
 */

/** @type {readonly Target[]} */
export const TARGETS = [
  .../** @type {const} */ ([
    ['fastify', 0.56, 1.2],
    ['express', 0.8, 1.05],
  ]).flatMap(([platform, full, hit]) => [
    {
      what: `${platform}, 64 connections, RS256`,
      figure: `${platform}, 64, module, of unguarded`,
      goal: full,
      unit: 'of unguarded',
    },
    {
      what: `${platform}, 64 connections, token-cache hits`,
      figure: `${platform}, 64, token-cache, of unguarded`,
      goal: hit,
      unit: 'of unguarded',
    },
  ]),
  {
    what: 'fastify against passport-jwt + jwks-rsa, RS256',
    figure: 'fastify, 64, module, of passport',
    goal: 6,
    unit: '× its requests/s',
  },
  {
    what: 'fastify against passport-jwt + jwks-rsa, token-cache hits',
    figure: 'fastify, 64, token-cache, of passport',
    goal: 13,
    unit: '× its requests/s',
  },
  {
    what: 'fastify, p99, RS256',
    figure: 'fastify, 64, module, p99 of unguarded',
    goal: 1.6,
    unit: 'of unguarded',
  },
  {
    what: 'fastify, p99, token-cache hits',
    figure: 'fastify, 64, token-cache, p99 of unguarded',
    goal: 0.8,
    unit: 'of unguarded',
  },
  {
    what: 'one connection, added p50, RS256',
    figure: 'fastify, 1, module, added p50 in signatures',
    goal: 1.6,
    unit: 'signatures',
  },
  .../** @type {const} */ ([
    ['RS256', 1.2],
    ['ES256', 1.08],
    ['EdDSA', 1.06],
  ]).map(([algorithm, goal]) => ({
    what: `validateSync ${algorithm}`,
    figure: `${algorithm} valid, this module, validateSync, × floor`,
    goal,
    unit: '× crypto.verify',
  })),
  {
    what: 'token-cache hit',
    figure: 'RS256 valid, this module, token cache, × floor',
    goal: 0.03,
    unit: '× crypto.verify',
  },
  {
    what: '10,000 configured issuers against one',
    figure: '10,000 configured issuers against one',
    goal: 1.1,
    unit: '× the time',
  },
  {
    what: '10,000 tenants of a function against one',
    figure: '10,000 tenants of a function against one',
    goal: 1.1,
    unit: '× the time',
  },
];

/**
 * Each target with its figure. A figure that was not measured meets nothing.
 *
 * @param {Record<string, Figure>} figures
 * @returns {Judged[]}
 */
export function judgeTargets(figures) {
  return TARGETS.map((target) => {
    const figure = figures[target.figure];
    const value = figure?.value;
    const missedBy =
      value === undefined ? NaN : figure?.better === 'more' ? target.goal - value : value - target.goal;
    return { ...target, better: figure?.better, value, met: missedBy <= 0, missedBy };
  });
}

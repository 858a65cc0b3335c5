import { refuse, type IdentityError } from '../errors/identity-error.js';
import type { ResourceUse } from '../metrics/resource-use.js';
import { quoted } from '../model/printable.js';
import type { ValidatedToken } from '../model/token.js';
import type { ResolvedResource } from '../options/resource-options.js';

interface Counts {
  tokens: number;
  mismatches: number;
}

/** The protected resources that an API is, for the routes that belong to them. */
export class Resources {
  private readonly byUrl: ReadonlyMap<string, ResolvedResource>;
  private readonly counts: ReadonlyMap<ResolvedResource, Counts>;

  /** Several guards may stand before one call, whose token counts once. */
  private readonly counted = new WeakSet();

  constructor(readonly all: readonly ResolvedResource[]) {
    this.counts = new Map(all.map((resource) => [resource, { tokens: 0, mismatches: 0 }]));
    const paths = all.map(({ path }) => path);
    this.byUrl = new Map([
      // Decorators are written before the configuration is known, which may have the host from the environment.
      ...all
        .filter(({ path }) => paths.indexOf(path) === paths.lastIndexOf(path))
        .map((resource) => [resource.path, resource] as const),
      ...all.map((resource) => [resource.url, resource] as const),
    ]);
  }

  /** The resource that a route names, or the first one; undefined if none is configured. */
  of(url: string | undefined): ResolvedResource | undefined {
    return url === undefined ? this.all[0] : this.byUrl.get(url);
  }

  /** Nothing for a single resource: the validation counts what is not for it. */
  use(): readonly ResourceUse[] {
    if (this.all.length < 2) return [];
    return [...this.counts].map(([{ url }, counts]) => ({ resource: url, ...counts }));
  }

  has(url: string): boolean {
    return this.byUrl.has(url);
  }

  /**
   * Why a validated token is not for a route's resource; undefined if it is. The validation accepts what is for any of them: that a
   * token for one is worth nothing at another (RFC 9728 section 7.4) is decided here, for each route.
   *
   * @param audienceOf - how tokens of an issuer name the audience. What an issuer may not name opens no resource, even if
   *   another issuer may.
   * @param call - what the token came with. @default none: it counts
   */
  findMismatch(
    { claims, issuer }: ValidatedToken,
    url: string | undefined,
    audienceOf: (issuer: string) => { readonly claim: string; readonly accepted: readonly string[] | null },
    call?: object,
  ): IdentityError | undefined {
    // One resource accepts what the validation has accepted.
    if (this.all.length < 2) return undefined;
    const resource = this.of(url);
    if (resource === undefined)
      return refuse('audience_mismatch', 'The resource of the route is not configured.');
    const counts = this.countsFor(resource, call);
    if (counts !== undefined) counts.tokens++;
    const { audience } = resource;
    if (audience === null) return undefined;
    const { claim, accepted } = audienceOf(issuer);
    const value = claims[claim];
    const named: readonly unknown[] = Array.isArray(value) ? value : [value];
    const good = accepted === null ? audience : audience.filter((name) => accepted.includes(name));
    if (good.some((name) => named.includes(name))) return undefined;
    if (counts !== undefined) counts.mismatches++;
    return refuse(
      'audience_mismatch',
      `The token is not for the resource of the route, ${quoted(resource.url)}, but for another one of this API.`,
    );
  }

  /** undefined if the call has counted. */
  private countsFor(resource: ResolvedResource, call: object | undefined): Counts | undefined {
    if (call === undefined) return this.counts.get(resource);
    if (this.counted.has(call)) return undefined;
    this.counted.add(call);
    return this.counts.get(resource);
  }
}

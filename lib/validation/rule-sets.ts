import type { ResolvedIssuer, ResolvedOptions } from '../options/resolved-options.js';
import { assertSatisfiable, readOverrides, tighten, type ValidationOverrides } from './overrides.js';
import type { IssuerFinder } from './run-context.js';
import { configuredRules, type ValidationRules } from './validation-rules.js';

/** The rules for tokens of an issuer; undefined if the issuer is not accepted. */
export type RulesFor = (issuer: ResolvedIssuer) => ValidationRules | undefined;

/** The rules of each issuer, made once, and tightened by the overrides of a call. */
export class RuleSets {
  private readonly ofConfigured: ReadonlyMap<ResolvedIssuer, ValidationRules>;
  /** A tenant whose options change is another object: its former rules go with the former object. */
  private readonly ofTenants = new WeakMap<ResolvedIssuer, ValidationRules>();

  /** Those that were asked for last: most applications have one issuer, and find its rules without a look-up. */
  private last: { readonly issuer: ResolvedIssuer; readonly rules: ValidationRules } | undefined;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly issuers: Pick<IssuerFinder, 'configured' | 'isPossible'>,
  ) {
    this.ofConfigured = new Map(
      issuers.configured.map((issuer) => [issuer, configuredRules(issuer, options)]),
    );
  }

  /** What the configuration demands of tokens of an issuer. */
  readonly configured = (issuer: ResolvedIssuer): ValidationRules => {
    if (this.last?.issuer === issuer) return this.last.rules;
    const rules = this.ofConfigured.get(issuer) ?? this.ofTenant(issuer);
    this.last = { issuer, rules };
    return rules;
  };

  /**
   * The same, tightened by the overrides of a call.
   *
   * @throws {IdentityError} `invalid_override`.
   */
  tightened(overrides: ValidationOverrides): RulesFor {
    const read = readOverrides(overrides);
    const isAccepted = ({ issuer }: ResolvedIssuer): boolean =>
      read.issuers === undefined || read.issuers.includes(issuer);
    const tightened = new Map<ResolvedIssuer, ValidationRules>();
    for (const issuer of this.issuers.configured.filter(isAccepted)) {
      tightened.set(issuer, tighten(this.configured(issuer), read));
    }
    const mayBeTenants = read.issuers?.some((name) => this.issuers.isPossible(name)) ?? true;
    if (this.options.tenants === undefined || !mayBeTenants) assertSatisfiable([...tightened.values()]);
    return (issuer) => {
      if (!isAccepted(issuer)) return undefined;
      const rules = tightened.get(issuer) ?? tighten(this.configured(issuer), read);
      tightened.set(issuer, rules);
      return rules;
    };
  }

  private ofTenant(issuer: ResolvedIssuer): ValidationRules {
    const rules = this.ofTenants.get(issuer) ?? configuredRules(issuer, this.options);
    this.ofTenants.set(issuer, rules);
    return rules;
  }
}

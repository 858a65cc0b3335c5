import type { ResolvedOptions } from '../options/resolved-options.js';
import { assertSatisfiable, readOverrides, tighten, type ValidationOverrides } from './overrides.js';
import type { IssuerFinder, KnownIssuer } from './run-context.js';
import type { ValidationRules } from './validation-rules.js';

/** The rules for tokens of an issuer; undefined if the issuer is not accepted. */
export type RulesFor = (issuer: KnownIssuer) => ValidationRules | undefined;

/** The rules of each issuer, and those that the overrides of a call make of them. */
export class RuleSets {
  constructor(
    private readonly options: ResolvedOptions,
    private readonly issuers: Pick<IssuerFinder, 'configured' | 'isPossible'>,
  ) {}

  /** What the configuration demands of tokens of an issuer. */
  readonly configured = ({ rules }: KnownIssuer): ValidationRules => rules;

  /**
   * The same, tightened by the overrides of a call.
   *
   * @throws {IdentityError} `invalid_override`.
   */
  tightened(overrides: ValidationOverrides): RulesFor {
    const read = readOverrides(overrides);
    const isAccepted = ({ options: { issuer } }: KnownIssuer): boolean =>
      read.issuers === undefined || read.issuers.includes(issuer);
    const tightened = new Map<KnownIssuer, ValidationRules>();
    for (const issuer of this.issuers.configured.filter(isAccepted)) {
      tightened.set(issuer, tighten(issuer.rules, read));
    }
    const mayBeTenants = read.issuers?.some((name) => this.issuers.isPossible(name)) ?? true;
    if (this.options.tenants === undefined || !mayBeTenants) assertSatisfiable([...tightened.values()]);
    return (issuer) => {
      if (!isAccepted(issuer)) return undefined;
      const rules = tightened.get(issuer) ?? tighten(issuer.rules, read);
      tightened.set(issuer, rules);
      return rules;
    };
  }
}

import type Provider from 'oidc-provider';

/** What the pages of a provider do once the user has logged in and agreed; here everybody is Ada, who agrees to everything. */
export async function logInAtOnce(
  provider: Provider,
  ...[request, response]: Parameters<Provider['interactionDetails']>
): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const { acr_values } = params as { acr_values?: string };
    const acr = acr_values?.split(' ')[0];
    const login = { accountId: 'ada', ...(acr !== undefined && { acr }) };
    await provider.interactionFinished(request, response, { login });
    return;
  }
  const existing = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    existing ??
    new provider.Grant({ accountId: String(session?.accountId), clientId: String(params['client_id']) });
  const { missingOIDCScope, missingResourceScopes } = prompt.details as {
    missingOIDCScope?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  if (missingOIDCScope !== undefined) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [indicator, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(indicator, scopes.join(' '));
  }
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

import { IdentityError, refuse } from '../errors/identity-error.js';
import type { ClientCertificate } from '../model/credentials.js';

/**
 * Whether the client has proven to have the certificate that a token is bound to (RFC 8705 section 3). Its chain and its dates are not
 * judged: the authorization server has bound the token to these bytes.
 *
 * @param x5tS256 - the thumbprint in the token.
 * @param certificate - undefined if the token came in a way for which none is known.
 * @throws {IdentityError} `sender_constrained`, `certificate_missing`, `certificate_mismatch`, and those of {@link assertNotForged}.
 */
export function checkCertificate(x5tS256: string, certificate: ClientCertificate | undefined): void {
  if (certificate === undefined) throw refuse('sender_constrained', NO_CONNECTION);
  if ('problem' in certificate) throw refusalOf(certificate);
  if (certificate.thumbprint !== x5tS256) throw refuse('certificate_mismatch');
}

/**
 * A header with a certificate that its proxy has not set as it should is refused with every token, bound or not: it came around the
 * proxy, or through one that lets clients write it.
 *
 * @throws {IdentityError} `certificate_untrusted`, `certificate_malformed`.
 */
export function assertNotForged(certificate: ClientCertificate | undefined): void {
  if (certificate === undefined || 'thumbprint' in certificate || certificate.problem === 'missing') return;
  throw refusalOf(certificate);
}

function refusalOf({
  problem,
  detail,
}: Exclude<ClientCertificate, { readonly thumbprint: string }>): IdentityError {
  switch (problem) {
    case 'missing':
      return refuse(
        'certificate_missing',
        `The token is bound to a certificate, and none is known: ${detail}.`,
      );
    case 'untrusted':
      return refuse('certificate_untrusted', `A certificate is not believed: ${detail}.`);
    case 'malformed':
      return refuse('certificate_malformed', `A certificate cannot be read: ${detail}.`);
  }
}

const NO_CONNECTION =
  'The token is bound to a certificate, and came in a way for which none is known: that of a TLS connection over HTTP.';

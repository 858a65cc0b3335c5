import { CERTIFICATE_HEADERS, type CertificateHeader } from '../options/mtls-options.js';
import type { TestCertificate } from './test-certificate.js';

/** A header as a proxy sets it. */
interface Draft {
  readonly form: CertificateHeader;
  readonly certificate: TestCertificate;
  /** Of another client. */
  readonly other: TestCertificate;
}

/** Headers that must be refused with a bound token, by what is wrong with them; undefined is no header. */
const WRONG = {
  none: () => undefined,
  empty: () => '',
  'other client': ({ form, other }) => VALUES[form](other),
  'other form': ({ form, certificate }) =>
    VALUES[form === 'client-cert' ? 'nginx' : 'client-cert'](certificate),
  'cut off': ({ form, certificate }) => VALUES[form](certificate).slice(0, -12),
  'several certificates': ({ form, certificate, other }) =>
    `${VALUES[form](certificate)}, ${VALUES[form](other)}`,
} satisfies Readonly<Record<string, (draft: Draft) => string | undefined>>;

export type WrongCertificateHeader = keyof typeof WRONG;

/** Everything that can be wrong with the header of a proxy, by name. */
export const WRONG_CERTIFICATE_HEADERS = Object.keys(WRONG) as readonly WrongCertificateHeader[];

const VALUES: Readonly<Record<CertificateHeader, (certificate: TestCertificate) => string>> = {
  'client-cert': ({ cert }) => `:${derOf(cert).toString('base64')}:`,
  nginx: ({ cert }) => encodeURIComponent(cert),
  envoy: ({ thumbprint, cert }) =>
    `Hash=${Buffer.from(thumbprint, 'base64url').toString('hex')};Cert="${encodeURIComponent(cert)}"`,
  // AWS leaves these three as they are.
  'aws-alb': ({ cert }) =>
    encodeURIComponent(cert).replaceAll('%2B', '+').replaceAll('%3D', '=').replaceAll('%2F', '/'),
};

/** The header of a proxy by its name, as an object for the headers of a request. */
export function makeCertificateHeaders(
  draft: Draft,
  name = CERTIFICATE_HEADERS[draft.form],
  wrong?: WrongCertificateHeader,
): Record<string, string> {
  const value = wrong === undefined ? VALUES[draft.form](draft.certificate) : WRONG[wrong](draft);
  return value === undefined ? {} : { [name]: value };
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
}

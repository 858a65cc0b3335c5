/** What usually helps against a fault of TLS: one table for the log and for the doctor, by what OpenSSL and Node.js call it. */
const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /TLS alert: (certificate required|handshake failure)/i,
    'the server requires a client certificate: http.tls.cert and http.tls.key (doctor: --cert and --key)',
  ],
  [
    /TLS alert: (bad certificate|unknown ca|(certificate|cert) (expired|revoked|unknown)|unsupported certificate|access denied)/i,
    'the server refuses the client certificate of http.tls: is it still valid, and from an authority that the server trusts?',
  ],
  [
    /other side closed/i,
    'if the server requires a client certificate: http.tls.cert and http.tls.key (doctor: --cert and --key)',
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/i, 'renew the certificate of the provider'],
  [
    /UNABLE_TO_VERIFY_LEAF|unable to verify the first/i,
    'the provider does not send its intermediate certificate, or the authority that signed it is unknown: name it in ' +
      'http.tls.ca, NODE_EXTRA_CA_CERTS or SSL_CERT_FILE (doctor: --ca)',
  ],
  [
    /self.signed|unable to get|UNABLE_TO_GET/i,
    'name the authority that signed it: http.tls.ca in the options, NODE_EXTRA_CA_CERTS or SSL_CERT_FILE (doctor: --ca)',
  ],
  [/does not match certificate|altnames|ALTNAME/i, 'use the host name that the certificate is for'],
];

/** @param fault - what happened on a connection over TLS. */
export function tlsRemedy(fault: string): string | undefined {
  return TLS_REMEDIES.find(([pattern]) => pattern.test(fault))?.[1];
}

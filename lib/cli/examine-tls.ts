import { connect, type PeerCertificate } from 'node:tls';
import type { HttpSettings } from '../options/http-settings.js';
import { getsCredentials } from '../http/request-headers.js';
import { createTrust } from '../http/trust.js';
import type { Finding } from './finding.js';

/** ACME clients usually renew 30 days before the end: with less than this, renewals have failed for a while. */
const SOON_DAYS = 21;
const DAY_MS = 86_400_000;

/** What a TLS handshake shows. */
interface Handshake {
  readonly protocol: string;
  readonly certificate: PeerCertificate;
}

/** The certificate of a provider that the module can speak to: how long it lasts. Nothing for plain http. */
export async function examineTls(
  url: string,
  settings: HttpSettings,
  nowMs: number,
): Promise<readonly Finding[]> {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:') {
    return [
      { about: 'tls', verdict: 'warning', text: `${url} is plain http`, advice: 'https, outside of tests' },
    ];
  }
  const shown = await shakeHands(url, settings);
  return shown === undefined ? [] : [judge(hostname, shown, nowMs)];
}

function judge(host: string, { protocol, certificate }: Handshake, nowMs: number): Finding {
  const days = Math.floor((Date.parse(certificate.valid_to) - nowMs) / DAY_MS);
  const soon = days < SOON_DAYS;
  return {
    about: 'tls',
    verdict: soon ? 'warning' : 'ok',
    text: `${host}: ${protocol}, certificate valid for ${String(days)} more days`,
    ...(soon ? { advice: 'renew the certificate of the provider' } : {}),
  };
}

/** undefined where it fails: behind a proxy this way may be closed, and a fault shows with the documents. */
function shakeHands(url: string, settings: HttpSettings): Promise<Handshake | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const secureContext = createTrust(settings, getsCredentials(new URL(url), settings));
    const socket = connect({
      host,
      port: port === '' ? 443 : Number(port),
      // Stated, because NODE_TLS_REJECT_UNAUTHORIZED=0 changes the default of the process.
      rejectUnauthorized: true,
      // RFC 6066 section 3: no address is sent as a server name.
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      ...(secureContext === undefined ? {} : { secureContext }),
    });
    const end = (shown: Handshake | undefined): void => {
      socket.destroy();
      resolve(shown);
    };
    socket.setTimeout(settings.timeoutMs, () => end(undefined));
    socket.once('error', () => end(undefined));
    socket.once('secureConnect', () =>
      end({ protocol: socket.getProtocol() ?? 'TLS', certificate: socket.getPeerCertificate() }),
    );
  });
}

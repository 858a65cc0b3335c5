import type { Clock } from '../cache/clock.js';
import type { WrongCertificateHeader } from './certificate-headers.js';
import type { TestCertificate } from './test-certificate.js';
import type { TestKitConsent } from './test-environment.js';
import type { PrivateKeySource, TestKey } from './test-key.js';
import type { TestProofOptions } from './test-proof.js';
import type { TestTokenOptions } from './test-token.js';
import type { WrongProof } from './wrong-proofs.js';
import type { WrongToken } from './wrong-tokens.js';

export interface TestIssuerOptions extends TestKitConsent {
  /** Audience of its tokens. @default that of the application it is plugged into, else 'test-api' */
  readonly audience?: string | undefined;
  /** Algorithm of its keys. @default what the application allows, ES256 where it may choose */
  readonly algorithm?: string | undefined;
  /**
   * Its first key, so that tokens stay good when it is started again; `rotate()` makes others. A private key for tests alone.
   * Its id is its `kid`, or 'test-key-1'. @default a new one at each start
   */
  readonly key?: PrivateKeySource | undefined;
  /** What it says of freshness (RFC 9111 section 5.2). @default nothing */
  readonly cacheControl?: string | undefined;
  /** The time its tokens are made at. @default the system's */
  readonly clock?: Clock | undefined;
}

export interface LoopbackIssuerOptions extends TestIssuerOptions {
  /** Port of 127.0.0.1. @default any that is free */
  readonly port?: number | undefined;
  /** TLS, with a certificate that `moduleOptions()` trusts. @default false */
  readonly https?: boolean | undefined;
}

export interface InMemoryIssuerOptions extends TestIssuerOptions {
  /** Any URL: no connection is made to it. @default that of the application it is plugged into, else 'https://issuer.test' */
  readonly issuer?: string | undefined;
}

export interface MintOptions extends TestTokenOptions {
  /** The key that signs, of `keys`. @default the newest */
  readonly kid?: string | undefined;
  /** Binds it to a key of the client (RFC 9449 section 6): true to `clientKey`. @default a bearer token */
  readonly dpop?: boolean | TestKey | undefined;
  /** Binds it to a certificate (RFC 8705 section 3): true to `certificate()`. Beside `dpop` it needs both. @default to none */
  readonly certificate?: boolean | TestCertificate | undefined;
  /** What is to be wrong with it. @default nothing */
  readonly wrong?: WrongToken | undefined;
}

export interface ProofOptions extends TestProofOptions {
  /** What is to be wrong with it. @default nothing */
  readonly wrong?: WrongProof | undefined;
}

export interface CertificateHeaderOptions {
  /** The certificate of the client. @default `certificate()` of the issuer */
  readonly certificate?: TestCertificate | undefined;
  /** The name of the header, as the option `mtls.header` has it. @default that of the form */
  readonly header?: string | undefined;
  /** What is to be wrong with it. @default nothing */
  readonly wrong?: WrongCertificateHeader | undefined;
}

/** What an issuer takes over from the application it is plugged into. */
export interface Adopted {
  readonly issuer?: string;
  readonly audience?: string;
  readonly algorithm?: string;
  readonly audienceClaim?: string;
  /** `typ`; undefined for none. */
  readonly tokenType?: string | undefined;
}

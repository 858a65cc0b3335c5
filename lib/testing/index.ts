export { TestIssuer } from './test-issuer.js';
export type {
  CertificateHeaderOptions,
  InMemoryIssuerOptions,
  LoopbackIssuerOptions,
  MintOptions,
  ProofOptions,
  TestIssuerOptions,
} from './test-issuer-options.js';
export { TestClock } from './test-clock.js';
export { withClock } from './with-clock.js';
export { withIdentity, type TestIdentity, type TestIdentitySource } from './with-identity.js';
export { withIssuer } from './with-issuer.js';
export { WRONG_CERTIFICATE_HEADERS, type WrongCertificateHeader } from './certificate-headers.js';
export { WRONG_PROOFS, type WrongProof } from './wrong-proofs.js';
export { WRONG_TOKENS, type WrongToken } from './wrong-tokens.js';
export type { Misbehaviour, MisbehaviourOptions } from './provider-answer.js';
export type { TestKitConsent } from './test-environment.js';
export type { PrivateKeySource, TestKey } from './test-key.js';
export type { TestCertificate } from './test-certificate.js';
export type { TestProofOptions } from './test-proof.js';
export type { TestTokenOptions } from './test-token.js';
export type { Clock } from '../cache/clock.js';

import type { Dispatcher } from 'undici';
import { systemClock } from '../cache/clock.js';
import { wellKnownUrls } from '../discovery/well-known.js';
import { IdentityError } from '../errors/identity-error.js';
import type { JsonObject } from '../model/json.js';
import type { IdentityModuleOptions } from '../options/module-options.js';
import type { CertificateHeader } from '../options/mtls-options.js';
import { makeCertificateHeaders } from './certificate-headers.js';
import { createInMemoryDispatcher } from './in-memory-dispatcher.js';
import { LOOPBACK_CERTIFICATE } from './loopback-certificate.js';
import { startLoopback, type LoopbackServer } from './loopback-server.js';
import {
  answerTo,
  endpointOf,
  type Endpoint,
  isWebAddress,
  type Misbehaviour,
  type MisbehaviourOptions,
  type ProviderAnswer,
  type ProviderState,
} from './provider-answer.js';
import { assertInTest } from './test-environment.js';
import type {
  Adopted,
  CertificateHeaderOptions,
  InMemoryIssuerOptions,
  LoopbackIssuerOptions,
  MintOptions,
  ProofOptions,
} from './test-issuer-options.js';
import { createTestCertificate, type TestCertificate } from './test-certificate.js';
import { createTestKey, readTestKey, type TestKey } from './test-key.js';
import { thumbprintOfKey } from './test-proof.js';
import { makeProof } from './wrong-proofs.js';
import { mint } from './wrong-tokens.js';

/**
 * An OpenID provider for tests: on loopback, or in memory with no socket at all. It signs what it is asked for,
 * rotates and withdraws keys, and misbehaves on request.
 *
 * @example
 * const issuer = TestIssuer.inMemory();
 * const module = await withIssuer(Test.createTestingModule({ imports: [AppModule] }), issuer).compile();
 * const good = issuer.bearer({ scope: 'orders:read' });
 * const bad = issuer.bearer({ wrong: 'expired' });
 * issuer.misbehave('down'); // from now on the module serves what it has in its caches
 */
export class TestIssuer {
  /** What the module has asked for, in order. */
  readonly requests: Endpoint[] = [];
  private server: LoopbackServer | undefined;
  private memory: Dispatcher | undefined;
  private adopted: Adopted = {};
  private published: TestKey[] = [];
  private created = 0;
  private fault: ProviderState['fault'];
  private stopped = false;
  private ownClientKey: TestKey | undefined;
  private readonly certificates = new Map<string, TestCertificate>();

  private constructor(private readonly options: InMemoryIssuerOptions & LoopbackIssuerOptions) {
    assertInTest('TestIssuer', options);
    if (options.key !== undefined) readTestKey(options.key, options.algorithm, 'test-key-1');
  }

  /**
   * Listens on a port of 127.0.0.1. End it with {@link stop}.
   *
   * @throws {IdentityError} `testing_in_production`.
   * @throws {RangeError} `key` is none, or none for `algorithm`.
   * @throws {Error} the port is taken (`EADDRINUSE`).
   */
  static async start(options: LoopbackIssuerOptions = {}): Promise<TestIssuer> {
    const issuer = new TestIssuer({ ...options });
    const { https = false, port = 0 } = options;
    issuer.server = await startLoopback((path) => issuer.answer(path), { https, port });
    return issuer;
  }

  /**
   * Answers through {@link dispatcher}. Nothing listens, nothing has to be stopped.
   *
   * @throws {IdentityError} `testing_in_production`.
   */
  static inMemory(options: InMemoryIssuerOptions = {}): TestIssuer {
    const issuer = new TestIssuer({ ...options });
    issuer.memory = createInMemoryDispatcher((url) =>
      url.origin === new URL(issuer.address).origin ? issuer.answer(url.pathname + url.search) : undefined,
    );
    return issuer;
  }

  /** The exact string that its tokens carry in `iss`. */
  get issuer(): string {
    return this.server?.origin ?? this.options.issuer ?? this.adopted.issuer ?? 'https://issuer.test';
  }

  /** Where metadata is. */
  get discoveryUrl(): string {
    return wellKnownUrls(this.address)[0];
  }

  get audience(): string {
    return this.options.audience ?? this.adopted.audience ?? 'test-api';
  }

  /** For the option `http.dispatcher`; undefined on loopback. */
  get dispatcher(): Dispatcher | undefined {
    return this.memory;
  }

  /** Whether it has an address that only the system could give it. */
  get isOnLoopback(): boolean {
    return this.server !== undefined;
  }

  /** The issuer that was set; undefined if it takes that of the application. */
  get named(): string | undefined {
    return this.options.issuer;
  }

  /** The keys that it publishes, the newest first. */
  get keys(): readonly TestKey[] {
    if (this.created === 0) this.addKey();
    return this.published;
  }

  /**
   * Options for `IdentityModule.forRoot` that trust this issuer; members of the caller take precedence. The audience is the
   * issuer's, unless `resource` or `resources` say it.
   */
  moduleOptions(own: IdentityModuleOptions = {}): IdentityModuleOptions {
    const isSaid = own.resource !== undefined || own.resources !== undefined;
    const audience = isSaid ? undefined : this.audience;
    return { issuer: this.issuer, audience, http: this.httpOptions(), ...own };
  }

  /** The option `http` that reaches it. A fault shows at once: there are no retries to wait for. */
  httpOptions(): NonNullable<IdentityModuleOptions['http']> {
    if (this.memory !== undefined) return { dispatcher: this.memory, retries: 0 };
    return {
      retries: 0,
      proxy: false,
      allowPrivateNetworks: true,
      ...(this.options.https === true ? { tls: { ca: LOOPBACK_CERTIFICATE } } : {}),
    };
  }

  /** A signed access token (RFC 9068), good unless `wrong` says otherwise. */
  token({ kid, wrong, dpop = false, certificate = false, ...options }: MintOptions = {}): string {
    const key = kid === undefined ? this.keys[0] : this.keys.find((each) => each.kid === kid);
    if (key === undefined) throw new RangeError('the issuer has no such key; see its "keys"');
    const { issuer, audience, nowMs } = this;
    const { audienceClaim = 'aud' } = this.adopted;
    const frame = { issuer, audience, audienceClaim, nowMs };
    const header = {
      ...('tokenType' in this.adopted ? { typ: this.adopted.tokenType } : {}),
      ...options.header,
    };
    const claims = { ...this.confirmationOf(dpop, certificate), ...options.claims };
    return mint({ key, options: { ...options, claims, header }, frame }, wrong);
  }

  /** The value of an Authorization header with such a token (RFC 6750 section 2.1). */
  bearer(options: MintOptions = {}): string {
    return `Bearer ${this.token(options)}`;
  }

  /** The key of the client, to which `dpop: true` binds tokens. ES256; the same one as long as the issuer lives. */
  get clientKey(): TestKey {
    return (this.ownClientKey ??= this.createClientKey());
  }

  /** A key of another client, or of another algorithm. */
  createClientKey(algorithm = 'ES256'): TestKey {
    return createTestKey(algorithm, 'test-client-key');
  }

  /**
   * A DPoP proof for a request (RFC 9449 section 4.2), good unless `wrong` says otherwise, and for one use.
   *
   * @param url - absolute, beginning with the option `publicUrl` of the application.
   * @param token - what goes into the Authorization header behind `DPoP`.
   * @example
   * const token = issuer.token({ dpop: true });
   * const dpop = issuer.dpop('GET', 'https://api.example.com/orders', token);
   * await request(app).get('/orders').set({ authorization: `DPoP ${token}`, dpop }).expect(200);
   */
  dpop(method: string, url: string, token: string, options: ProofOptions = {}): string {
    const { wrong, key = this.clientKey, ...rest } = options;
    return makeProof({ method, url, token, key, options: rest, nowMs: this.nowMs }, wrong);
  }

  /** Both headers of a request with a bound token: `Authorization: DPoP …` and `DPoP`. */
  dpopHeaders(
    method: string,
    url: string,
    token = this.token({ dpop: true }),
  ): { readonly authorization: string; readonly dpop: string } {
    return { authorization: `DPoP ${token}`, dpop: this.dpop(method, url, token) };
  }

  /**
   * The certificate of a client, to which `certificate: true` binds tokens: self-signed, and the same one for a name as long as the
   * issuer lives.
   *
   * @param client - its common name. Another name is another client.
   * @example
   * const { cert, key } = issuer.certificate();
   * https.get(url, { cert, key, headers: { authorization: issuer.bearer({ certificate: true }) } });
   */
  certificate(client = 'test-client'): TestCertificate {
    const certificate = this.certificates.get(client) ?? createTestCertificate(client);
    this.certificates.set(client, certificate);
    return certificate;
  }

  /** The header in which a proxy hands a certificate on, good unless `wrong` says otherwise: see the option `mtls`. */
  certificateHeaders(
    form: CertificateHeader,
    { certificate = this.certificate(), header, wrong }: CertificateHeaderOptions = {},
  ): Record<string, string> {
    const other = this.certificate('another client');
    return makeCertificateHeaders({ form, certificate, other }, header, wrong);
  }

  /** Publishes a new key, which signs from now on; the others stay until they are withdrawn. */
  rotate(algorithm?: string): TestKey {
    if (this.created === 0) this.addKey();
    return this.addKey(algorithm);
  }

  /** Takes a key out of the set: the oldest, or the one with this id. Returns it. */
  withdraw(kid?: string): TestKey {
    const key = kid === undefined ? this.keys.at(-1) : this.keys.find((each) => each.kid === kid);
    if (key === undefined) throw new RangeError('the issuer has no such key; see its "keys"');
    this.published = this.published.filter((each) => each !== key);
    return key;
  }

  /** Misbehaves until {@link behave}. */
  misbehave(how: Misbehaviour, options: MisbehaviourOptions = {}): void {
    this.fault = { how, ...options };
  }

  behave(): void {
    this.fault = undefined;
  }

  /** How often the module has asked for metadata, keys, or either. */
  count(endpoint?: Endpoint): number {
    return this.requests.filter((asked) => endpoint === undefined || asked === endpoint).length;
  }

  /** Ends the server and its connections, for good; in memory there are none, and requests fail from then on. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.server?.stop();
  }

  /**
   * Takes over what was not said when it was made from the application it is plugged into.
   *
   * @internal
   */
  adopt(found: Adopted): void {
    const { issuer } = this;
    this.adopted = found;
    // A token that exists already carries the former name: it would be rejected as `issuer_unknown`, and the test would fail for a
    // reason that nobody sees.
    if (this.created > 0 && issuer !== this.issuer) {
      throw new IdentityError(
        'options_invalid',
        'A token was made before the issuer was plugged into an application with another "issuer": name it in TestIssuer.inMemory({ issuer })',
      );
    }
  }

  /** Where its documents are. An issuer that is no web address (RFC 3986 scheme `urn`, say) is looked up elsewhere. */
  private get address(): string {
    return isWebAddress(this.issuer) ? this.issuer : 'https://issuer.test';
  }

  private get nowMs(): number {
    return (this.options.clock ?? systemClock).wallMs();
  }

  private confirmationOf(dpop: boolean | TestKey, certificate: boolean | TestCertificate): JsonObject {
    const key = dpop === true ? this.clientKey : dpop;
    const bound = certificate === true ? this.certificate() : certificate;
    if (key === false && bound === false) return {};
    const jkt = key === false ? {} : { jkt: thumbprintOfKey(key) };
    return { cnf: { ...jkt, ...(bound === false ? {} : { 'x5t#S256': bound.thumbprint }) } };
  }

  // Made when first needed: the algorithm may come from the application that it is plugged into later.
  private addKey(algorithm = this.options.algorithm ?? this.adopted.algorithm): TestKey {
    const kid = `test-key-${String(++this.created)}`;
    const key =
      this.options.key !== undefined && this.created === 1
        ? readTestKey(this.options.key, algorithm, kid)
        : createTestKey(algorithm ?? 'ES256', kid);
    this.published.unshift(key);
    return key;
  }

  private answer(path: string): ProviderAnswer {
    if (this.stopped) return { kind: 'down' };
    const endpoint = endpointOf(path);
    if (endpoint !== undefined) this.requests.push(endpoint);
    return answerTo(endpoint, {
      issuer: this.issuer,
      address: this.address,
      keys: this.keys.map(({ jwk }) => jwk),
      cacheControl: this.options.cacheControl,
      fault: this.fault,
    });
  }
}

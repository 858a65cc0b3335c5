import { createHmac, timingSafeEqual } from 'node:crypto';

export interface NonceRules {
  /** The first one signs, all of them are accepted: a new one is put in front before an old one is taken away. */
  readonly secrets: readonly string[];
  /** How long a nonce is accepted at the most. */
  readonly lifetimeMs: number;
  /** The clocks of replicas may differ by this. */
  readonly clockToleranceMs: number;
  /** Nonces of one API are worth nothing at another one with the same secret. */
  readonly publicUrl: string;
}

interface Nonce {
  readonly slot: number;
  readonly text: string;
  readonly bytes: Buffer;
}

/**
 * Nonces of the server (RFC 9449 section 9) that no server has to remember: a number of a period of time, with an HMAC over it. All
 * replicas with the secret make the same one. A period is half of the lifetime; a nonce is accepted in its own and in the next one.
 */
export class ProofNonces {
  private readonly slotMs: number;
  /** Those that are accepted now; a handful. */
  private readonly known = new Map<string, Nonce>();

  constructor(private readonly rules: NonceRules) {
    this.slotMs = rules.lifetimeMs / 2;
  }

  /** The nonce that clients are to use from now on. @param nowMs - milliseconds since 1970. */
  current(nowMs: number): string {
    return this.nonceOf(Math.floor(nowMs / this.slotMs), 0).text;
  }

  /** The nonce of now, if the given one is another. @param nowMs - milliseconds since 1970. */
  after(nonce: string, nowMs: number): string | undefined {
    const current = this.current(nowMs);
    return nonce === current ? undefined : current;
  }

  /**
   * Until when a nonce is accepted, in milliseconds since 1970; undefined if it is none of ours, or too old.
   *
   * @param nowMs - milliseconds since 1970.
   */
  acceptedUntilMs(nonce: string, nowMs: number): number | undefined {
    const given = Buffer.from(nonce);
    // It names its period itself: one MAC for each secret, however long the tolerance is.
    const slot = Number.parseInt(nonce, 36);
    const now = Math.floor(nowMs / this.slotMs);
    // A replica whose clock is ahead has made the next one already.
    const last = Math.floor((nowMs + this.rules.clockToleranceMs) / this.slotMs);
    if (!(slot >= now - 1 && slot <= last)) return undefined;
    for (let secret = 0; secret < this.rules.secrets.length; secret++) {
      const { bytes } = this.nonceOf(slot, secret);
      if (bytes.length === given.length && timingSafeEqual(bytes, given)) return (slot + 2) * this.slotMs;
    }
    return undefined;
  }

  private nonceOf(slot: number, secret: number): Nonce {
    const key = `${String(secret)}.${String(slot)}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    for (const [old, nonce] of this.known) if (Math.abs(nonce.slot - slot) > 64) this.known.delete(old);
    const text = this.sign(slot, this.rules.secrets[secret] ?? '');
    const made = { slot, text, bytes: Buffer.from(text) };
    this.known.set(key, made);
    return made;
  }

  private sign(slot: number, secret: string): string {
    const { publicUrl, lifetimeMs } = this.rules;
    const mac = createHmac('sha256', secret)
      .update(`nestjs-identity-model DPoP nonce\n${publicUrl}\n${String(lifetimeMs)}\n${String(slot)}`)
      .digest()
      .subarray(0, 16);
    return `${slot.toString(36)}.${mac.toString('base64url')}`;
  }
}

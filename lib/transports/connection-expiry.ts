import type { Clock } from '../cache/clock.js';
import { answerTo } from './error-response.js';
import type { Connection } from './transport.js';
import { refuse } from '../errors/identity-error.js';

interface Watch {
  readonly expSec: number;
  readonly cancel: () => void;
}

/** Longest stretch that one timer sleeps; the wall clock may be set meanwhile. */
const LONGEST_SLEEP_MS = 60 * 60 * 1_000;

/** Closes connections when the token expires that they were let in with. One timer a connection. */
export class SocketExpiry {
  private readonly watches = new WeakMap<object, Watch>();

  constructor(
    private readonly clock: Clock,
    private readonly toleranceMs: number,
  ) {}

  /**
   * @param expSec - `exp` of the token that was validated last. Where each request is checked it takes the place of the one
   * before; where what began under that one goes on unchecked, the first to expire counts.
   */
  watch(connection: Connection, expSec: number): void {
    const { socket } = connection;
    const before = this.watches.get(socket);
    if (before !== undefined && keeps(before.expSec, expSec, connection.mustEnd)) return;
    before?.cancel();
    let cancel: () => void = () => undefined;
    const sleep = (): void => {
      const leftMs = expSec * 1_000 + this.toleranceMs - this.clock.wallMs();
      if (leftMs <= 0) connection.close(answerTo(refuse('token_expired')));
      else cancel = this.clock.schedule(sleep, Math.min(leftMs, LONGEST_SLEEP_MS));
    };
    this.watches.set(socket, { expSec, cancel: () => cancel() });
    if (before === undefined) connection.onClosed(() => this.watches.get(socket)?.cancel());
    sleep();
  }
}

function keeps(beforeSec: number, expSec: number, mustEnd: boolean): boolean {
  return mustEnd ? beforeSec <= expSec : beforeSec === expSec;
}

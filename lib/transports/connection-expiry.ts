import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { CLOCK, type Clock } from '../cache/clock.js';
import { refuse } from '../errors/identity-error.js';
import type { ValidatedToken } from '../model/token.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';
import { toErrorResponse } from './error-response.js';
import type { Connection, Transport } from './transport.js';

interface Call {
  readonly context: ExecutionContext;
  readonly transport: Transport;
}

/** What is known of a connection. */
interface Watch {
  expSec: number;
  cancel: () => void;
}

/** Longest stretch that one timer sleeps; the wall clock may be set meanwhile. */
const LONGEST_SLEEP_MS = 60 * 60 * 1_000;

/** Closes connections when the token expires that they were let in with. One timer for each connection. */
@Injectable()
export class ConnectionExpiry {
  private readonly watches = new WeakMap<object, Watch>();

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /** The connection of a call, if it came over one that can be closed. */
  watchCall({ context, transport }: Call, { claims }: ValidatedToken, isOwn: boolean): void {
    const connection = transport.connectionOf(context);
    if (connection !== undefined) this.watch(connection, claims.exp, isOwn);
  }

  /**
   * Does nothing for a connection whose requests are checked one by one, unless `transports.closeExpired` closes it.
   *
   * @param expSec - `exp` of the token that was validated last. If each request is checked, it takes the place of the one
   * before; if requests go on unchecked that began under that one, the first to expire counts.
   * @param isOwn - whether the token came with the connection itself, and not with an object of the application's making.
   */
  watch(connection: Connection, expSec: number, isOwn: boolean): void {
    if (!connection.closeOnExpiry && !(isOwn && this.options.transports.closeExpired)) return;
    const watch = this.watches.get(connection.socket) ?? this.begin(connection);
    if (keeps(watch.expSec, expSec, connection.closeOnExpiry)) return;
    watch.expSec = expSec;
    watch.cancel();
    const sleep = (): void => {
      const leftMs = expSec * 1_000 + this.options.clockToleranceMs - this.clock.wallMs();
      if (leftMs <= 0) connection.close(toErrorResponse(refuse('token_expired')));
      else watch.cancel = this.clock.schedule(sleep, Math.min(leftMs, LONGEST_SLEEP_MS), { ref: false });
    };
    sleep();
  }

  private begin(connection: Connection): Watch {
    const watch: Watch = { expSec: Infinity, cancel: () => undefined };
    this.watches.set(connection.socket, watch);
    connection.onClosed(() => watch.cancel());
    return watch;
  }
}

function keeps(beforeSec: number, expSec: number, closeOnExpiry: boolean): boolean {
  return closeOnExpiry ? beforeSec <= expSec : beforeSec === expSec;
}

import { IdentityError, refuse } from '../errors/identity-error.js';
import type { Guest, WaitingRoom } from './waiting-room.js';

export interface SharedLoadOptions<V> {
  /** Brings the value, or throws; it settles by itself in bounded time. */
  readonly load: () => Promise<V>;
  readonly room: WaitingRoom;
  /** Milliseconds until the load under way has ended at the latest. */
  readonly endsInMs: () => number;
  /** The message of `keys_busy`. */
  readonly noPlace: string;
}

interface Waiter<V> {
  readonly resolve: (value: V) => void;
  readonly reject: (error: Error) => void;
}

/** One load of a first value for all who wait for it, each of them on a place of the waiting room. */
export class SharedLoad<V> {
  private readonly waiters = new Set<Waiter<V>>();
  private isRunning = false;

  constructor(private readonly options: SharedLoadOptions<V>) {}

  /**
   * @throws {IdentityError} `keys_busy`: no place.
   * @throws what the load throws.
   */
  async wait({ group, party }: Omit<Guest, 'sendAway'>): Promise<V> {
    const { room } = this.options;
    this.start();
    return new Promise<V>((resolve, reject) => {
      const end = (): void => {
        this.waiters.delete(waiter);
        leave?.();
      };
      const waiter: Waiter<V> = {
        resolve: (value) => (end(), resolve(value)),
        reject: (error) => (end(), reject(error)),
      };
      const leave = room.enter({ group, sendAway: () => waiter.reject(this.busy()), party });
      if (leave === undefined) reject(this.busy());
      else this.waiters.add(waiter);
    });
  }

  /** Ends all waits. */
  close(error: Error): void {
    for (const waiter of this.waiters) waiter.reject(error);
  }

  private start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void this.run();
  }

  private async run(): Promise<void> {
    try {
      const value = await this.options.load();
      for (const waiter of this.waiters) waiter.resolve(value);
    } catch (error) {
      const fault = error instanceof Error ? error : new IdentityError('keys_unavailable');
      for (const waiter of this.waiters) waiter.reject(fault);
    } finally {
      this.isRunning = false;
    }
  }

  private busy(): Error {
    return refuse('keys_busy', this.options.noPlace, { retryAfterMs: this.options.endsInMs() });
  }
}

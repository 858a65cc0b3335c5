interface Shared<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  participants: number;
}

/**
 * One fetch for all who want the same thing at the same time. It ends early only once nobody is
 * interested any more, and whoever leaves stops waiting at once.
 */
export class SharedFetches<T> {
  private readonly running = new Map<string, Shared<T>>();

  /**
   * @param join - whether a fetch that began earlier will do.
   * @param begin - starts a fetch; it must settle by itself in bounded time.
   */
  async run(
    name: string,
    join: boolean,
    signal: AbortSignal,
    begin: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    // A caller that has seen evidence of a change must not get an answer that may be older than the evidence.
    const found = join ? this.running.get(name) : undefined;
    const shared = found ?? this.begin(name, begin);
    shared.participants++;
    // A participant leaves through a promise of its own. Aborting the shared fetch would take the answer from all the others,
    // so that happens only for the last one.
    let leave!: (error: unknown) => void;
    const left = new Promise<never>((_, reject) => (leave = reject));
    const onAbort = (): void => leave(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await Promise.race([shared.promise, left]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      shared.participants--;
      if (shared.participants === 0) shared.controller.abort();
    }
  }

  private begin(name: string, begin: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const controller = new AbortController();
    const promise = begin(controller.signal);
    const shared: Shared<T> = { promise, controller, participants: 0 };
    this.running.set(name, shared);
    const end = (): void => {
      if (this.running.get(name) === shared) this.running.delete(name);
    };
    promise.then(end, end);
    return shared;
  }
}

import { request, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';

export interface Asked {
  readonly method?: string;
  /** Any of them, those too that `fetch` keeps for itself. */
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request over a connection of its own, and its whole answer. */
export async function ask(url: string, asked: Asked = {}): Promise<Answer> {
  const response = await send(url, asked);
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

function send(url: string, { method = 'GET', headers = {}, body }: Asked): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, resolve).on('error', reject).end(body);
  });
}

/** The reader's side of Server-Sent Events. */
export class EventStream {
  private readonly waiting: { readonly name: string; readonly data: unknown }[] = [];
  private text = '';
  private wake: () => void = () => undefined;
  private isOver = false;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => this.read(chunk));
    const end = (): void => {
      this.isOver = true;
      this.wake();
    };
    response.on('end', end).on('close', end).on('error', end);
  }

  static async open(url: string, headers: OutgoingHttpHeaders = {}): Promise<EventStream> {
    return new EventStream(await send(url, { headers }));
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  /** The data of the next event of a name, waiting for it; what comes before is passed over. */
  async next(name: string): Promise<unknown> {
    for (;;) {
      const event = this.waiting.shift();
      if (event?.name === name) return event.data;
      if (event !== undefined) continue;
      if (this.isOver) throw new Error(`the stream ended before an event "${name}"`);
      await this.change();
    }
  }

  /** Settles when the server has ended the stream. */
  async end(): Promise<void> {
    while (!this.isOver) await this.change();
  }

  close(): void {
    this.response.destroy();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  private read(chunk: string): void {
    const blocks = (this.text + chunk).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      this.waiting.push({ name, data: JSON.parse(data) as unknown });
    }
    this.wake();
  }
}

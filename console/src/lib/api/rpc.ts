// JSON-RPC over one WebSocket to the node that served the page: requests, subscriptions, reconnecting with backoff.
// This file never touches the page.

/** How the connection is: `connecting` only before it was there for the first time. */
export type Status = 'connecting' | 'live' | 'lost';

/** The node answered and refused. `data` are the bytes of a revert where a rule said no. */
export class RpcRefusal extends Error {
  /** Whom the refused call went to, where that is known. */
  to?: string | undefined;

  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** There is no connection, or it broke before the answer came. */
export class Offline extends Error {
  constructor() {
    super('the node cannot be reached');
  }
}

const RETRY_MIN_MS = 300;
const RETRY_MAX_MS = 10_000;
/** A question that is not answered this long means that the connection is dead. */
const ANSWER_MAX_MS = 15_000;

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void; timer: ReturnType<typeof setTimeout> };
type Message = { id?: number; result?: unknown; error?: { code: number; message: string; data?: unknown }; method?: string; params?: { subscription: string; result: unknown } };

export class Rpc {
  #socket: WebSocket | undefined;
  #next = 1;
  #waiting = new Map<number, Waiting>();
  #heard = new Map<string, (value: unknown) => void>();
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    private readonly url: string,
    private readonly onStatus: (status: Status) => void,
    private readonly onOpen: () => void,
  ) {}

  open(): void {
    clearTimeout(this.#retry);
    if (this.#socket || this.#closed) return;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.onStatus('live');
      this.onOpen();
    };
    socket.onclose = () => this.#lost(socket);
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)) as Message);
  }

  /** Tries again at once: the machine says that it is back on a network, or the page is looked at again. */
  retryNow(): void {
    if (!this.#socket) this.open();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.close();
  }

  request<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Offline());
    return new Promise<T>((resolve, reject) => {
      const id = this.#next++;
      const timer = setTimeout(() => socket.close(), ANSWER_MAX_MS);
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /** Until the connection breaks; whoever wants to go on listening subscribes again in `onOpen`. */
  async subscribe(params: readonly unknown[], hear: (value: unknown) => void): Promise<void> {
    const id = await this.request<string>('eth_subscribe', params);
    this.#heard.set(id, hear);
  }

  #take(message: Message): void {
    if (message.method === 'eth_subscription' && message.params) {
      this.#heard.get(message.params.subscription)?.(message.params.result);
      return;
    }
    const waiting = this.#waiting.get(message.id ?? 0);
    if (!waiting) return;
    this.#waiting.delete(message.id ?? 0);
    clearTimeout(waiting.timer);
    if (message.error) waiting.reject(new RpcRefusal(message.error.code, message.error.message, message.error.data));
    else waiting.resolve(message.result);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Offline());
    }
    this.#waiting.clear();
    this.#heard.clear();
    this.onStatus('lost');
    if (this.#closed) return;
    const wait = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#attempt++);
    this.#retry = setTimeout(() => this.open(), wait * (0.5 + Math.random() / 2));
  }
}

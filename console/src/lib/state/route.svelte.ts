// Where the person is: the path of the address bar. Links are plain <a href>; App.svelte takes over their clicks.

class Route {
  path = $state(location.pathname);
  /** Behind '#', without it; the pairing document comes here. */
  fragment = $state(location.hash.slice(1));

  constructor() {
    addEventListener('popstate', () => this.#read());
    addEventListener('hashchange', () => this.#read());
  }

  go(href: string): void {
    const url = new URL(href, location.href);
    if (url.href === location.href) return;
    history.pushState(null, '', url);
    this.#read();
    scrollTo(0, 0);
  }

  /** ['orders', '0x…'] for /orders/0x… */
  get parts(): string[] {
    return this.path.split('/').filter(Boolean);
  }

  #read(): void {
    this.path = location.pathname;
    this.fragment = location.hash.slice(1);
  }
}

export const route = new Route();

/** Whether the browser should leave this click to us: a plain click on a link to a path of this page. */
export function ours(event: MouseEvent): string | undefined {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return undefined;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || link.target || link.hasAttribute('download')) return undefined;
  const url = new URL(link.href, location.href);
  if (url.origin !== location.origin || (url.hash && url.pathname === location.pathname)) return undefined;
  return url.pathname + url.hash;
}

// Keeps the page itself, so that an installed console opens without its node and can say so. Nothing of the chain is kept.
const CACHE = 'dure-shell';
const ASSETS_MAX = 200;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  if (event.request.mode === 'navigate') event.respondWith(fresh(event.request, '/'));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(kept(event.request));
  else if (['/theme.js', '/icon.svg', '/manifest.webmanifest'].includes(url.pathname)) event.respondWith(fresh(event.request, url.pathname));
});

/** From the node where it answers, else as it was last time. */
async function fresh(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    // Somebody may look at a file of the node that is no page; it is not kept in the page's place.
    const isPage = answer.headers.get('content-type')?.startsWith('text/html');
    if (answer.ok && (key !== '/' || isPage)) await cache.put(key, answer.clone());
    return answer;
  } catch {
    return (await cache.match(key)) ?? Response.error();
  }
}

/** Files under /assets/ are named by what they hold and never change. */
async function kept(request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request, answer.clone());
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - ASSETS_MAX)).map((key) => cache.delete(key)));
  }
  return answer;
}

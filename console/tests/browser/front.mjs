// A door before a node that hands out pages which are built and not in the binary yet (DIST=DIR, console/dist as a rule). All else, and the
// policy of the page, is the node's.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };

/** Listens at `port` and answers for the node at `url`. */
export async function front(dist, port, url) {
  const node = new URL(url);
  const policy = (await fetch(url, { headers: { accept: 'text/html' } })).headers.get('content-security-policy');
  const sockets = new Set();
  const server = http.createServer((asked, answer) => {
    const { pathname } = new URL(asked.url, url);
    const isPage = asked.method === 'GET' && asked.headers.accept?.includes('text/html') && !path.extname(pathname);
    const file = path.join(dist, isPage ? 'index.html' : path.normalize(pathname));
    if (asked.method === 'GET' && fs.statSync(file, { throwIfNoEntry: false })?.isFile()) {
      answer.writeHead(200, { 'content-type': TYPES[path.extname(file)], 'content-security-policy': policy });
      return fs.createReadStream(file).pipe(answer);
    }
    const onward = http.request({ host: node.hostname, port: node.port, method: asked.method, path: asked.url, headers: asked.headers }, (said) => {
      answer.writeHead(said.statusCode, said.headers);
      said.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    return asked.pipe(onward);
  });
  server.on('connection', (socket) => (sockets.add(socket), socket.once('close', () => sockets.delete(socket))));
  server.on('upgrade', (asked, socket, head) => {
    const onward = net.connect(Number(node.port), node.hostname, () => {
      const headers = asked.rawHeaders.flatMap((one, at) => (at % 2 === 0 ? [`${one}: ${asked.rawHeaders[at + 1]}`] : []));
      onward.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const [one, other] of [[socket, onward], [onward, socket]]) one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise((ready) => server.listen(port, 'localhost', ready));
  server.unref();
  return {
    url: `http://localhost:${server.address().port}`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

// Adds a token to every request and changes nothing else: the conformance suite cannot send one.
import { once } from 'node:events';
import { createServer, request } from 'node:http';

export async function startProxy(target, token) {
  const { hostname, port } = new URL(target);
  const proxy = createServer((req, res) => {
    const headers = [...req.rawHeaders, 'Authorization', `Bearer ${token}`];
    const onward = request({ hostname, port, method: req.method, path: req.url, headers, setHost: false });
    onward.on('response', (answer) => {
      res.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      res.flushHeaders();
      answer.pipe(res);
      answer.on('error', () => res.destroy());
    });
    onward.on('error', () => res.destroy());
    // The server behind the proxy must notice when a client disconnects during a stream.
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    stop: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}

// Other people's sites around the server, each a site of its own to the browser: names instead of ports, http and https.
import { generateKeyPairSync, sign } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { BASE } from './lib.mjs';

const tlv = (tag, ...parts) => {
  const body = Buffer.concat(parts);
  const { length } = body;
  return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]), body]);
};

/** A certificate that nobody has to trust: the browser is told to take any. */
function certificate() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const sequence = (...parts) => tlv(0x30, ...parts);
  const algorithm = sequence(tlv(6, Buffer.from('2a8648ce3d040302', 'hex')));
  const name = sequence(tlv(0x31, sequence(tlv(6, Buffer.from('550403', 'hex')), tlv(0x0c, Buffer.from('test')))));
  const time = (days) => tlv(0x17, Buffer.from(`${new Date(Date.now() + days * 86_400_000).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));
  const body = sequence(
    tlv(2, Buffer.from([1])), algorithm, name, sequence(time(-1), time(30)), name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const der = sequence(body, algorithm, tlv(3, Buffer.from([0]), sign('sha256', body, privateKey)));
  const pem = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: `-----BEGIN CERTIFICATE-----\n${pem}-----END CERTIFICATE-----\n` };
}

/** What a proxy that ends TLS does: everything goes to the server, which is told that it came by https. */
function proxy(request, answer) {
  const { hostname, port } = new URL(BASE);
  const { method, url: path, headers } = request;
  const onward = http.request({ hostname, port, method, path, headers: { ...headers, 'x-forwarded-proto': 'https' } });
  onward.on('error', () => (answer.destroy ?? answer.end).call(answer));
  return onward;
}

function forward(request, response) {
  const onward = proxy(request, response);
  onward.on('response', (got) => {
    response.writeHead(got.statusCode, got.headers);
    got.pipe(response);
  });
  request.pipe(onward);
}

function forwardSocket(request, near) {
  const onward = proxy(request, near);
  onward.on('upgrade', ({ statusCode, headers }, far) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    near.write(`HTTP/1.1 ${statusCode} Switching Protocols\r\n${lines}\r\n`);
    for (const end of [near, far]) {
      end.on('error', () => end.destroy());
      end.on('close', () => {
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  onward.end();
}

/**
 * Serves a page with the chat's script under any name, and the chat as `chat.test`. `hosts` are the rules that make a
 * browser find them: `http(s)://shop.test/`, `http://stranger.test/`, …
 */
export async function sites(attributes, headers = {}) {
  const page = (request, response) => {
    const scheme = request.socket.encrypted ? 'https' : 'http';
    response.writeHead(200, { 'content-type': 'text/html', ...headers });
    response.end(`<!doctype html><html lang="en"><title>Host</title><h1>Host</h1><script src="${scheme}://chat.test/embed.js" ${attributes}></script></html>`);
  };
  const tls = certificate();
  const servers = [http.createServer(page), https.createServer(tls, page), https.createServer(tls, forward)];
  servers[2].on('upgrade', forwardSocket);
  const [plain, secure, chat] = await Promise.all(servers.map((server) => new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${server.address().port}`));
  })));
  return {
    hosts: [`MAP chat.test:80 ${new URL(BASE).host}`, `MAP chat.test:443 ${chat}`, `MAP *.test:80 ${plain}`, `MAP *.test:443 ${secure}`].join(', '),
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

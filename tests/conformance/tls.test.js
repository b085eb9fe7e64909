'use strict';
// TLS and WebSocket as seen from outside, by node's own client and openssl's.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const { after, before, describe, test } = require('node:test');
const tls = require('node:tls');
const { issue } = require('./support/certificates');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

const ports = [443, 8883];
const together = { concurrency: true };

let server;
let host;

before(async () => {
  server = await Server.start();
  host = server.ready.provisioningHost;
});

after(() => server?.close());

/** A TLS connection whose server certificate has been verified; ends with the test. */
async function connect(t, options) {
  const socket = tls.connect({ host, port: 443, ...options });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

function field(bytes) {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(bytes));
  return Buffer.concat([length, Buffer.from(bytes)]);
}

/** An MQTT CONNECT as the SDKs send it to provisioning. */
function mqttConnect(id) {
  const user = `${server.ready.idScope}/registrations/${id}/api-version=2019-03-31`;
  const rest = Buffer.concat([field('MQTT'), Buffer.from([4, 0xc2, 0, 60]),
    field(id), field(user), field('SharedAccessSignature sr=x&sig=eA%3D%3D&se=1')]);
  const length = rest.length < 128 ? [rest.length] : [(rest.length & 127) | 128, rest.length >> 7];
  return Buffer.concat([Buffer.from([0x10, ...length]), rest]);
}

const accepted = Buffer.from([0x20, 2, 0, 0]); // CONNACK: no session, accepted

describe('a handshake', together, () => {
  for (const port of ports) {
    // DPS-DEVICE-1, DPS-DEVICE-2, DPS-DEVICE-4, DPS-SERVICE-1: an IP address, so without SNI too
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      test(`with ${version} alone succeeds on ${port}`, async (t) => {
        const socket = await connect(t, { port, minVersion: version, maxVersion: version });
        assert.equal(socket.getProtocol(), version);
        assert.ok(socket.authorized);
      });
    }

    test(`with less than TLS 1.2 fails on ${port}`, async () => {
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
      await assert.rejects(once(tls.connect({ host, port, ...old }), 'secureConnect'));
    });

    // DPS-DEVICE-5
    test(`with an unknown name as SNI succeeds on ${port}`, async (t) => {
      const socket = await connect(t, {
        port, servername: 'nobody.example.org', checkServerIdentity: () => undefined,
      });
      assert.ok(socket.authorized);
    });

    // DPS-DEVICE-3
    test(`is not ended by a strange client certificate on ${port}`, async (t) => {
      const stranger = issue('whoever', { days: -1 });
      const socket = await connect(t, { port, cert: stranger.cert, key: stranger.key });
      if (port === 443) {
        socket.write('GET /none HTTP/1.1\r\nHost: x\r\n\r\n');
        assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 4/);
      } else {
        socket.write(mqttConnect('whoever'));
        assert.deepEqual((await once(socket, 'data'))[0], accepted);
      }
    });

    // DPS-DEVICE-3: a list of CAs would keep some clients from sending theirs
    test(`asks for a client certificate of any CA on ${port}`, async () => {
      for (const version of ['-tls1_2', '-tls1_3']) {
        const client = spawn('openssl', ['s_client', '-connect', `${host}:${port}`, version]);
        client.stdin.end();
        let text = '';
        client.stdout.on('data', (bytes) => { text += bytes; });
        await once(client, 'close');
        assert.match(text, /No client certificate CA names sent/);
        assert.match(text, /Requested Signature Algorithms/);
      }
    });

    test(`that is garbage is ended on ${port}`, async () => {
      const socket = net.connect({ host, port });
      socket.on('error', () => {}); // a reset is as good
      socket.write(Buffer.concat([Buffer.from([0xff]), crypto.randomBytes(600)]));
      socket.resume();
      await once(socket, 'close');
    });

    test(`that never begins is ended on ${port} within 20 s`, async () => {
      const socket = net.connect({ host, port });
      await once(socket, 'connect');
      const since = Date.now();
      socket.resume();
      await once(socket, 'close');
      assert.ok(Date.now() - since < 20000, 'no later');
    });
  }

  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`that resumes ${version} keeps the device's certificate`, async (t) => {
      const id = `resumed-${version.toLowerCase()}`;
      const certificate = issue(id);
      const clientCertificates = { primary: { certificate: certificate.cert } };
      await sdk.provisioningService(server).createOrUpdateIndividualEnrollment({
        registrationId: id, attestation: { type: 'x509', x509: { clientCertificates } },
      });
      const ask = (socket) => {
        socket.write(`PUT /${server.ready.idScope}/registrations/${id}/register?`
          + `api-version=2021-06-01 HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`);
        return once(socket, 'data').then(String);
      };
      const versions = { minVersion: version, maxVersion: version };
      const proven = { ...versions, cert: certificate.cert, key: certificate.key };
      const first = tls.connect({ host, port: 443, ...proven });
      t.after(() => first.destroy());
      const ticket = once(first, 'session'); // with TLS 1.3 it comes after the handshake
      await once(first, 'secureConnect');
      assert.match(await ask(first), /^HTTP\/1\.1 202 /);
      const [session] = await ticket;
      const second = await connect(t, { ...versions, session });
      assert.ok(second.isSessionReused());
      assert.match(await ask(second), /^HTTP\/1\.1 20[02] /);
      const stranger = await connect(t, versions);
      assert.match(await ask(stranger), /^HTTP\/1\.1 401 /);
    });
  }
});

describe('a WebSocket', together, () => {
  function upgrade(path, protocol, headers = {}) {
    const key = crypto.randomBytes(16).toString('base64');
    const request = https.request({
      host, path, agent: false,
      headers: {
        Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': key, ...(protocol && { 'Sec-WebSocket-Protocol': protocol }),
        ...headers,
      },
    });
    request.end();
    return new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('upgrade', (response, socket) => resolve({ key, response, socket }));
      request.on('response', (response) => {
        response.resume();
        resolve({ key, response });
      });
    });
  }

  function frame(payload) {
    const mask = crypto.randomBytes(4);
    const length = payload.length < 126 ? [payload.length | 128]
      : [126 | 128, payload.length >> 8, payload.length & 255];
    return Buffer.concat([Buffer.from([0x82, ...length]), mask,
      payload.map((byte, i) => byte ^ mask[i % 4])]);
  }

  // DPS-DEVICE-6, DPS-DEVICE-7, DPS-DEVICE-8: no extension, and MQTT packets may be cut anywhere
  for (const path of ['/$iothub/websocket', '/$iothub/websocket?iothub-no-client-cert=true', '/',
    '/mqtt']) {
    for (const protocol of ['mqtt', 'MQTT']) {
      test(`on ${path} speaks ${protocol}`, async (t) => {
        const { key, response, socket } = await upgrade(path, protocol,
          { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' });
        t.after(() => socket.destroy());
        assert.equal(response.statusCode, 101);
        assert.equal(response.headers['sec-websocket-protocol'], protocol);
        assert.equal(response.headers['sec-websocket-extensions'], undefined);
        assert.equal(response.headers['sec-websocket-accept'], crypto.createHash('sha1')
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64'));
        const packet = mqttConnect('over-websocket');
        socket.write(Buffer.concat([frame(packet.subarray(0, 7)), frame(packet.subarray(7))]));
        const [bytes] = await once(socket, 'data');
        assert.deepEqual(bytes, Buffer.concat([Buffer.from([0x82, 4]), accepted]));
      });
    }
  }

  for (const [what, protocol] of [['no protocol', ''], ['an unknown protocol', 'chat']]) {
    test(`for ${what} is refused`, async () => {
      const { response } = await upgrade('/mqtt', protocol);
      assert.ok(response.statusCode >= 400, `${response.statusCode}`);
    });
  }
});

describe('HTTPS for devices', together, () => {
  async function enrolled(id) {
    const { responseBody } = await sdk.provisioningService(server)
      .createOrUpdateIndividualEnrollment({
        registrationId: id, attestation: { type: 'symmetricKey' },
      });
    const resource = `${server.ready.idScope}/registrations/${id}`;
    const { primaryKey } = responseBody.attestation.symmetricKey;
    return { id, Authorization: sdk.deviceToken(resource, primaryKey, 'registration') };
  }

  const call = (device, method, path, { body, version = '2021-06-01', agent, ...headers } = {}) =>
    sdk.send(host, method,
      `/${server.ready.idScope}/registrations/${device.id}${path}?api-version=${version}`,
      { headers: { Authorization: device.Authorization, ...headers }, body, agent });

  // DPS-DEVICE-9, DPS-DEVICE-21, DPS-DEVICE-25, DPS-DEVICE-26, DPS-DEVICE-31
  test('answers a register with 202, a retry-after and an exact length', async () => {
    const device = await enrolled('headers');
    const answer = await call(device, 'PUT', '/register', { body: '{}' });
    assert.equal(answer.status, 202);
    assert.equal(answer.body.status, 'assigning');
    assert.ok(answer.body.operationId);
    assert.equal(answer.body.retryAfter, undefined); // DPS-DEVICE-18
    assert.match(answer.headers['retry-after'], /^\d+$/);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.equal(answer.headers['transfer-encoding'], undefined);
    assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.text));
  });

  // DPS-DEVICE-19, DPS-DEVICE-24, DPS-DEVICE-29
  test('takes odd but legal requests', async () => {
    const device = await enrolled('lenient');
    for (const [body, version, headers] of [
      ['', '2018-09-01-preview', {}],
      ['{"payload":null}', '2019-03-31', { 'Content-Encoding': 'utf-8' }],
      ['{"payload":[1]}', '2099-01-01', { Host: `${host}:443`, UserAgent: 'prov_client/1.0' }],
    ]) {
      const answer = await call(device, 'PUT', '/register',
        { body, version, 'Content-Type': 'application/json', ...headers });
      assert.equal(answer.status, 202, answer.text);
    }
    const encoded = await call({ ...device, id: '%6cenient' }, 'PUT', '/register', { body: '{}' });
    assert.equal(encoded.status, 202, encoded.text);
  });

  // DPS-DEVICE-22, DPS-DEVICE-27, DPS-DEVICE-28
  test('goes on with an operation on the same connection and on a new one', async (t) => {
    const device = await enrolled('polling');
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const { body } = await call(device, 'PUT', '/register', { body: '{}', agent });
    const polled = await sdk.eventually(async () => {
      const answer = await call(device, 'GET', `/operations/${body.operationId}`,
        { body: '{}', 'Content-Type': 'application/json', agent });
      assert.equal(answer.status, 200, answer.text);
      return answer;
    });
    assert.equal(polled.body.registrationState.status, 'assigned');
    assert.equal(Object.values(agent.freeSockets).flat().length, 1, 'kept alive');
    const anew = await call(device, 'GET', `/operations/${body.operationId}`,
      { 'Content-Length': '0' });
    assert.deepEqual(anew.body, polled.body);
  });
});

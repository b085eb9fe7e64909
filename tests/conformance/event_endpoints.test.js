'use strict';
// Where events are sent: a real nats-server and a webhook, both of which fail in the middle, and a
// server that is killed. What a device was told is safe arrives at both, in the device's order.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { NatsServer } = require('./support/nats');
const { Server, muster } = require('./support/server');
const sdk = require('./support/sdk');

const key = Buffer.from('0123456789abcdef0123456789abcdef');

/** What came by POST: `{ events, good }`, good if it was signed for us. */
class Webhook {
  constructor() {
    this.received = [];
    this.answer = (request, response) => response.writeHead(200).end();
    this.server = http.createServer((request, response) => this.take(request, response));
  }

  async listen(address) {
    this.server.listen(8080, address);
    await once(this.server, 'listening');
  }

  async take(request, response) {
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // whoever sent it was killed
    }
    const body = Buffer.concat(parts);
    const { t, v1 } = Object.fromEntries(
      (request.headers['x-muster-signature'] ?? '').split(',').map((part) => part.split('=')));
    const wanted = crypto.createHmac('sha256', key).update(`${t}.`).update(body).digest('hex');
    this.received.push({
      url: request.url,
      type: request.headers['content-type'],
      signed: v1 === wanted,
      events: JSON.parse(body),
    });
    this.answer(request, response);
  }

  events(url) {
    return this.received.filter((one) => one.url.startsWith(url)).flatMap(({ events }) => events);
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

let webhook;
let nats;
let server;
let hub;
let folder;

const config = (addresses) => {
  nats = new NatsServer(addresses[2]);
  return `
[server]
listen = ["${addresses[0]}"]
[outgoing]
allow = ["127.0.0.0/8"]

[[hub]]
name = "hub-1"
host = "${addresses[1]}"

  [[hub.endpoint]]
  name = "bus"
  type = "nats"
  servers = ["${nats.url}"]
  stream = "EVENTS"

  [[hub.endpoint]]
  name = "hook"
  type = "webhook"
  url = "http://${addresses[3]}:8080/all?code=s3cr3t"
  signing_key_file = "${path.join(folder, 'signing.key')}"

  [[hub.endpoint]]
  name = "hot"
  type = "webhook"
  url = "http://${addresses[3]}:8080/hot"
  signing_key_file = "${path.join(folder, 'signing.key')}"

  [[hub.endpoint]]
  name = "stuck"
  type = "webhook"
  url = "http://${addresses[3]}:8080/stuck"

  [[hub.route]]
  name = "everything-to-nats"
  endpoint = "bus"

  [[hub.route]]
  name = "everything-to-the-webhook"
  endpoint = "hook"

  [[hub.route]]
  name = "hot-in-the-north"
  source = "telemetry"
  condition = "$body.t > 80 AND level = 'high' AND $twin.tags.site = 'north'"
  endpoint = "hot"

  [[hub.route]]
  name = "all-that-stays"
  endpoint = "stuck"

  [[hub.route]]
  name = "off"
  endpoint = "hot"
  enabled = false

[[instance]]
id_scope = "0ne00112233"
hosts = ["${addresses[0]}"]
`;
};

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-endpoints-'));
  fs.writeFileSync(path.join(folder, 'signing.key'), `${key.toString('base64')}\n`);
  webhook = new Webhook();
  server = await Server.start({ config });
  await webhook.listen(server.addresses[3]);
  await nats.start();
  [hub] = server.ready.hubs;
});

after(async () => {
  await server?.close();
  await nats?.close();
  webhook?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function endpoint(name) {
  const { body } = await sdk.send(hub.hostName, 'GET',
    '/messages/endpoints?api-version=2021-04-12',
    { headers: { Authorization: sdk.serviceToken(hub.connectionString) } });
  return body.endpoints.find((one) => one.name === name);
}

const drained = (name) => sdk.eventually(async () => {
  const { lag, state } = await endpoint(name);
  assert.deepEqual({ lag, state }, { lag: 0, state: 'healthy' });
}, 90000);

const within = (promise, ms) => Promise.race([promise,
  sleep(ms, undefined, { ref: false }).then(() => { throw new Error('takes too long'); })]);

async function open(device) {
  const client = sdk.connectDevice(device.connectionString);
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  client.on('error', () => {});
  await within(client.open(), 5000);
  return client;
}

/** Sends 0, 1, 2, ... each until it is acknowledged, as long as `go_on()`. How many. */
async function chatter(device, go_on) {
  let client;
  let next = 0;
  while (go_on()) {
    try {
      client ??= await open(device);
      const message = new sdk.Message(JSON.stringify({ n: next }));
      message.contentType = 'application/json';
      message.contentEncoding = 'utf-8';
      await within(client.sendEvent(message), 5000);
      next += 1;
    } catch {
      client?.close().catch(() => {});
      client = undefined;
      await sleep(50);
    }
  }
  await client?.close();
  return next;
}

/** The numbers of a device in the order of first arrival; the server may have stored some twice. */
function numbersOf(events, device_id) {
  const seen = new Set();
  return events
    .filter((event) => event.subject === `devices/${device_id}`)
    .filter(({ id }) => !seen.has(id) && seen.add(id))
    .map((event) => event.data.body.n);
}

function assertComplete(events, device_id, count) {
  const numbers = numbersOf(events, device_id);
  const length = Math.max(count, numbers.at(-1) + 1); // the last may not have been acknowledged
  assert.deepEqual([...new Set(numbers)], Array.from({ length }, (_, n) => n),
    `all that ${device_id} was told is safe, in its order`);
  assert.ok(numbers.every((n, i) => i === 0 || n >= numbers[i - 1]));
}

test('nothing is lost while endpoints and the server fail', { timeout: 180_000 }, async () => {
  const devices = await Promise.all([1, 2, 3].map((n) => sdk.newDevice(hub, `talker-${n}`)));
  webhook.answer = (request, response) => {
    if (request.url !== '/stuck') response.writeHead(200).end(); // that one waits for ever
  };
  let talking = true;
  const told = devices.map((device) => chatter(device, () => talking));

  await sleep(1500);
  await nats.kill();
  webhook.answer = (request, response) => {
    if (request.url === '/stuck') return;
    if (webhook.received.length % 2) response.writeHead(500).end();
    else response.destroy(); // it may or may not have come to something
  };
  await sleep(2000);
  assert.equal((await endpoint('bus')).state, 'failing');
  assert.equal((await endpoint('hook')).state, 'failing');
  await nats.start();
  await sleep(500);
  await server.kill();
  await server.run();
  await sleep(1500);
  webhook.answer = (request, response) => {
    if (request.url !== '/stuck') response.writeHead(204).end();
  };
  await sleep(1500);
  await nats.kill();
  await sleep(500);
  await nats.start();
  await sleep(1000);
  talking = false;
  const counts = await Promise.all(told);
  await drained('bus');
  await drained('hook');

  const stored = await nats.messages('EVENTS');
  const ids = stored.map(({ body }) => body.id);
  assert.equal(new Set(ids).size, ids.length, 'the stream has every event once');
  for (const [i, device] of devices.entries()) {
    assert.ok(counts[i] > 20, `${device.id} went on talking: ${counts[i]}`);
    assertComplete(stored.map(({ body }) => body), device.id, counts[i]);
    assertComplete(webhook.events('/all'), device.id, counts[i]);
  }
  const [first] = stored;
  assert.match(first.subject, /^muster\.hub-1\.telemetry\.talker-[123]$/);
  assert.ok(first.headers.includes(`Nats-Msg-Id: ${first.body.id}`));

  const posts = webhook.received.filter(({ url }) => url !== '/stuck');
  assert.ok(posts.every(({ signed }) => signed));
  assert.ok(posts.every(({ url }) => url === '/all?code=s3cr3t'));
  assert.ok(posts.every(({ type }) => type.startsWith('application/cloudevents-batch+json')));
  const stuck = await endpoint('stuck');
  assert.equal(stuck.sent, 0);
  assert.ok(stuck.lag > 60);
});

test('conditions decide what an endpoint gets', { timeout: 60_000 }, async () => {
  for (const [id, site] of [['north-1', 'north'], ['south-1', 'south']]) {
    const device = await sdk.newDevice(hub, id);
    await sdk.registry(hub).updateTwin(id, { tags: { site } }, '*');
    const client = await open(device);
    for (const [t, level, type] of [[81, 'high', 'application/json'], [79, 'high',
      'application/json'], [82, 'low', 'application/json'], [83, 'high', 'text/plain']]) {
      const message = new sdk.Message(JSON.stringify({ t }));
      message.contentType = type;
      message.contentEncoding = 'utf-8';
      message.properties.add('level', level);
      await client.sendEvent(message);
    }
    await client.close();
  }
  await drained('hook');
  await drained('hot');
  assert.deepEqual(webhook.events('/hot').map(({ subject, data }) => [subject, data.body.t]),
    [['devices/north-1', 81]]);
  assert.equal(webhook.events('/all').filter(({ subject }) => subject === 'devices/south-1').length,
    4);
});

test('operators see how it goes', async () => {
  const shown = await muster(['hub', 'endpoints', '--data', server.data]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /bus +\S+ +nats +healthy +0 /);
  const json = await muster(['hub', 'endpoints', '--data', server.data, '-o', 'json']);
  const [{ endpoints }] = Object.values(JSON.parse(json.stdout));
  assert.deepEqual(endpoints.map(({ name }) => name), ['bus', 'hook', 'hot', 'stuck']);
  assert.equal(endpoints[1].target, `http://${server.addresses[3]}:8080/all?****`);
  assert.ok(!server.log().includes('s3cr3t'));
});

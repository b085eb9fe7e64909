'use strict';
// The event log over HTTPS: order, resumption, stored positions, server-sent events.

const assert = require('node:assert/strict');
const https = require('node:https');
const { after, before, describe, test } = require('node:test');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

let server;
let hub;

before(async () => {
  server = await Server.start();
  [hub] = server.ready.hubs;
});

after(() => server?.close());

const authorized = (more) => sdk.asService(hub, more);

function call(method, path, query = '', { body, ...more } = {}) {
  return sdk.send(hub.hostName, method, `${path}?api-version=2021-04-12${query}`, {
    headers: authorized(body ? { 'Content-Type': 'application/json' } : {}),
    body: body && JSON.stringify(body),
    ...more,
  });
}

const events = (query) => call('GET', '/messages/events', query);

async function send_all(t, id, bodies) {
  const device = await sdk.newDevice(hub, id);
  const client = sdk.connectDevice(device.connectionString);
  await client.open();
  t.after(() => client.close());
  for (const body of bodies) await client.sendEvent(new sdk.Message(body));
}

/** The events of a stream until `count` have come: `[{ id, data }]`. */
function stream(count, headers = {}) {
  return new Promise((resolve, reject) => {
    const found = [];
    const request = https.get({
      host: hub.hostName,
      path: '/messages/events?api-version=2021-04-12&stream&after=0',
      headers: authorized({ Accept: 'text/event-stream', ...headers }),
      agent: false,
    }, (response) => {
      assert.equal(response.statusCode, 200);
      assert.match(response.headers['content-type'], /^text\/event-stream/);
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const lines = text.slice(0, end).split('\n');
          text = text.slice(end + 2);
          const field = (name) => lines.find((line) => line.startsWith(`${name}:`))
            ?.slice(name.length + 1).trim();
          if (field('data')) found.push({ id: field('id'), data: JSON.parse(field('data')) });
        }
        if (found.length >= count) {
          request.destroy();
          resolve(found.slice(0, count));
        }
      });
    });
    request.on('error', (error) => (found.length >= count ? undefined : reject(error)));
    request.setTimeout(20000, () => request.destroy(new Error('the stream is silent')));
  });
}

describe('the event log', () => {
  test('keeps the order of a device and streams it', async (t) => {
    const bodies = Array.from({ length: 20 }, (_, i) => `${i}`);
    await send_all(t, 'streamer', bodies);
    const found = await stream(20);
    assert.deepEqual(found.map(({ data }) => data.body), bodies);
    const resumed = await stream(5, { 'Last-Event-ID': found[14].id });
    assert.deepEqual(resumed.map(({ data }) => data.body), bodies.slice(15));
  });

  test('keeps what a consumer has read', async (t) => {
    await send_all(t, 'consumed', ['a', 'b', 'c']);
    const page = await events('&after=0&max=1000');
    const last = page.body.at(-1).sequence;
    const kept = await call('PUT', '/messages/events/consumers/reader', '',
      { body: { position: last - 1 } });
    assert.ok([200, 204].includes(kept.status), kept.text);
    const rest = await events('&consumer=reader');
    assert.deepEqual(rest.body.map((event) => event.sequence), [last]);
    const beyond = await call('PUT', '/messages/events/consumers/reader', '',
      { body: { position: last + 1000 } });
    assert.equal(beyond.status, 400);
    assert.equal((await call('DELETE', '/messages/events/consumers/reader')).status, 204);
  });

  test('is for those with the right', async () => {
    const refused = await sdk.send(hub.hostName, 'GET',
      '/messages/events?api-version=2021-04-12&after=0', { headers: {} });
    assert.equal(refused.status, 401);
  });
});

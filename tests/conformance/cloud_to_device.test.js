'use strict';
// azure-iot-device over MQTT and over HTTPS: messages from a back end, which sends them through our
// own route (docs/hub-api.md), and events over HTTPS.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, test } = require('node:test');
const { Client } = require('azure-iot-device');
const { Http } = require('azure-iot-device-http');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

let server;
let hub;

before(async () => {
  server = await Server.start();
  [hub] = server.ready.hubs;
});

after(() => server?.close());

function ask(method, path, { headers = {}, body } = {}) {
  const Authorization = sdk.serviceToken(hub.connectionString);
  return sdk.send(hub.hostName, method, `${path}?api-version=2021-04-12`,
    { headers: { Authorization, ...headers }, body });
}

async function send(id, body, headers = {}) {
  const to = `/devices/${encodeURIComponent(id)}/messages/devicebound`;
  const reply = await ask('POST', '/messages/devicebound',
    { headers: { 'iothub-to': to, ...headers }, body });
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}

const waiting = async (id) =>
  (await sdk.registry(hub).get(id)).responseBody.cloudToDeviceMessageCount;

/** Until nothing waits for the device. */
const settled = (id) => sdk.eventually(async () => assert.equal(await waiting(id), 0));

async function mqttClient(t, id) {
  const device = await sdk.newDevice(hub, id);
  const client = sdk.connectDevice(device.connectionString);
  await client.open();
  t.after(() => client.close());
  return client;
}

async function httpClient(t, id) {
  const device = await sdk.newDevice(hub, id);
  const client = Client.fromConnectionString(device.connectionString, Http);
  await client.open();
  t.after(() => client.close());
  return client;
}

async function feedbackOf(message_id) {
  return sdk.eventually(async () => {
    const reply = await ask('GET', '/messages/serviceBound/feedback');
    assert.equal(reply.status, 200);
    const lock = reply.headers.etag.replaceAll('"', '');
    const found = reply.body.find((record) => record.originalMessageId === message_id);
    const rest = found ? '' : '/abandon';
    await ask(found ? 'DELETE' : 'POST', `/messages/serviceBound/feedback/${lock}${rest}`);
    assert.ok(found);
    return found;
  });
}

describe('over MQTT', () => {
  // IOTHUB-18
  test('a message arrives with its properties, and PUBACK completes it', async (t) => {
    const client = await mqttClient(t, 'c2d-mqtt');
    const received = once(client, 'message');
    await send('c2d-mqtt', 'on', {
      'iothub-messageid': 'm-1',
      'iothub-correlationid': 'c-1',
      'iothub-contenttype': 'application/json',
      'iothub-contentencoding': 'utf-8',
      'iothub-expiry': new Date(Date.now() + 3600_000).toISOString(),
      'iothub-ack': 'full',
      'iothub-app-site': 'north/1 = 50%',
    });
    const [message] = await received;
    assert.equal(message.getData().toString(), 'on');
    assert.equal(message.messageId, 'm-1');
    assert.equal(message.correlationId, 'c-1');
    assert.equal(message.contentType, 'application/json');
    assert.equal(message.contentEncoding, 'utf-8');
    assert.equal(message.to, '/devices/c2d-mqtt/messages/devicebound');
    assert.equal(message.properties.getValue('site'), 'north/1 = 50%');
    await client.complete(message);
    await settled('c2d-mqtt');
    const feedback = await feedbackOf('m-1');
    assert.equal(feedback.statusCode, 'Success');
    assert.equal(feedback.deviceId, 'c2d-mqtt');
  });

  test('messages that were sent before come in order', async (t) => {
    const device = await sdk.newDevice(hub, 'c2d-order');
    for (let i = 0; i < 20; i += 1) await send('c2d-order', `${i}`);
    assert.equal(await waiting('c2d-order'), 20);
    const client = sdk.connectDevice(device.connectionString);
    t.after(() => client.close());
    const bodies = [];
    client.on('message', (message) => bodies.push(message.getData().toString()));
    await client.open();
    await settled('c2d-order');
    assert.deepEqual(bodies, Array.from({ length: 20 }, (_, i) => `${i}`));
  });
});

describe('over HTTPS', () => {
  test('events are stored, one by one and in a batch', async (t) => {
    const client = await httpClient(t, 'http-events');
    const message = new sdk.Message('one');
    message.messageId = 'e-1';
    message.properties.add('level', '7');
    await client.sendEvent(message);
    const second = new sdk.Message('two');
    second.properties.add('level', '8');
    await client.sendEventBatch([second, new sdk.Message('three')]);
    const found = await sdk.telemetry(hub, 'http-events', 3);
    assert.deepEqual(found.map((event) => event.body), ['one', 'two', 'three']);
    assert.equal(found[0].properties.level, '7');
    assert.equal(found[0].properties['$.mid'], 'e-1');
    assert.equal(found[1].properties.level, '8');
    // D.1: never because of HTTPS
    const identity = (await sdk.registry(hub).get('http-events')).responseBody;
    assert.equal(identity.connectionState, 'Disconnected');
  });

  test('messages are completed, abandoned and rejected', async (t) => {
    const client = await httpClient(t, 'c2d-http');
    await send('c2d-http', 'on', { 'iothub-messageid': 'h-1', 'iothub-app-site': 'north' });
    const [first] = await once(client, 'message');
    assert.equal(first.messageId, 'h-1');
    assert.equal(first.getData().toString(), 'on');
    await client.abandon(first);
    const [again] = await once(client, 'message');
    assert.equal(again.messageId, 'h-1');
    await client.complete(again);
    await assert.rejects(client.complete(again));
    await send('c2d-http', 'off', { 'iothub-messageid': 'h-2', 'iothub-ack': 'negative' });
    const [second] = await once(client, 'message');
    await client.reject(second);
    assert.equal((await feedbackOf('h-2')).statusCode, 'Rejected');
    assert.equal(await waiting('c2d-http'), 0);
  });
});

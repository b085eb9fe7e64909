'use strict';
// Which hub a device gets: functions behind a webhook, rules, networks.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const http = require('node:http');
const { after, before, describe, test } = require('node:test');
const { Server, muster } = require('./support/server');
const sdk = require('./support/sdk');

const together = { concurrency: true, timeout: 60_000 };

let server;
let service;
let north;
let south;
let webhook; // { url, answers, requests }

/** Somebody's function: what it is asked and what it answers, by registration id. */
async function startFunction(address) {
  const state = { requests: {}, answers: {} };
  const listener = http.createServer((request, response) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
      const body = JSON.parse(text);
      const id = body.deviceRuntimeContext.registrationId;
      (state.requests[id] ??= []).push({ text, body, headers: request.headers, url: request.url });
      const { status = 200, headers = {}, body: answer } = state.answers[id];
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
    });
  });
  await new Promise((resolve) => listener.listen(0, address, resolve));
  state.url = `http://${address}:${listener.address().port}/api/allocate?code=secret-code`;
  state.close = () => { listener.closeAllConnections(); listener.close(); };
  return state;
}

const configuration = ([provisioning, one, two, functions]) => `
[server]
listen = ["${provisioning}"]

[outgoing]
allow = ["${functions}"]

[[hub]]
name = "north"
host = "${one}"

[[hub]]
name = "south"
host = "${two}"

[[instance]]
id_scope = "0ne0A110CA7"
hosts = ["${provisioning}"]

[[network]]
cidr = "127.0.0.0/8"
latencies = { "north" = 40.0, "south" = 3.0 }
`;

before(async () => {
  server = await Server.start({ config: configuration });
  service = sdk.provisioningService(server);
  [north, south] = server.ready.hubs;
  webhook = await startFunction(server.addresses[3]);
});

after(async () => {
  webhook?.close();
  await server?.close();
});

async function enroll(registrationId, more) {
  const { responseBody } = await service.createOrUpdateIndividualEnrollment({
    registrationId, attestation: { type: 'symmetricKey' }, ...more,
  });
  return responseBody.attestation.symmetricKey.primaryKey;
}

const custom = (definition = {}) => ({
  allocationPolicy: 'custom',
  customAllocationDefinition: { webhookUrl: webhook.url, apiVersion: '2021-10-01', ...definition },
});

const register = (id, key, payload) =>
  sdk.register(server, 'http', sdk.byKey(id, key), { payload });

const refused = (id, key) => register(id, key).then(
  () => assert.fail('it was let in'), (error) => error);

const recordOf = async (id) => (await service.getDeviceRegistrationState(id)).responseBody;

describe('a function', together, () => {
  test('is told of the device, and its answer holds', async () => {
    webhook.answers.asked = { body: {
      iotHubHostName: south.hostName,
      initialTwin: { tags: { by: 'function' }, properties: { desired: { speed: 3 } } },
      payload: { hello: 'device' },
    } };
    const key = await enroll('asked', custom());
    const told = await register('asked', key, { model: 'pump' });
    assert.equal(told.assignedHub, south.hostName);
    assert.deepEqual(told.payload, { hello: 'device' });
    const twin = (await sdk.registry(south).getTwin('asked')).responseBody;
    assert.equal(twin.tags.by, 'function');
    assert.equal(twin.properties.desired.speed, 3);

    const [{ text, body, url }] = webhook.requests.asked;
    assert.ok(url.endsWith('?code=secret-code'));
    assert.equal(body.individualEnrollment.registrationId, 'asked');
    assert.deepEqual(body.individualEnrollment.attestation, { type: 'symmetricKey' });
    assert.match(body.individualEnrollment.customAllocationDefinition.webhookUrl, /\?\*\*\*\*$/);
    assert.deepEqual(body.deviceRuntimeContext,
      { registrationId: 'asked', symmetricKey: {}, payload: { model: 'pump' } });
    assert.deepEqual(body.linkedHubs.toSorted(), [north.hostName, south.hostName].toSorted());
    assert.ok(!text.includes('secret-code') && !text.includes(key));
  });

  test('is asked each time, and told where the device is', async () => {
    webhook.answers.again = { body: { iotHubHostName: north.hostName } };
    const key = await enroll('again', custom());
    assert.equal((await register('again', key)).assignedHub, north.hostName);
    webhook.answers.again = { body: { iotHubHostName: south.hostName, payload: { turn: 2 } } };
    const told = await register('again', key);
    assert.equal(told.assignedHub, south.hostName);
    assert.deepEqual(told.payload, { turn: 2 });
    const { deviceRuntimeContext: context } = webhook.requests.again.at(-1).body;
    assert.equal(context.currentIotHubHostName, north.hostName);
    assert.equal(context.currentDeviceId, 'again');
  });

  test('under "never" chooses no hub, but its payload arrives', async () => {
    webhook.answers.held = { body: { iotHubHostName: north.hostName } };
    const key = await enroll('held', {
      ...custom(),
      reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: false },
    });
    await register('held', key);
    webhook.answers.held = { body: { iotHubHostName: south.hostName, payload: { n: 1 } } };
    const told = await register('held', key);
    assert.equal(told.assignedHub, north.hostName);
    assert.deepEqual(told.payload, { n: 1 });
  });

  test('is known by its signature', async () => {
    const signing = Buffer.alloc(32, 9);
    webhook.answers.signed = { body: { iotHubHostName: north.hostName } };
    const key = await enroll('signed', custom({ signingKey: signing.toString('base64') }));
    await register('signed', key);
    const [{ text, headers }] = webhook.requests.signed;
    const [, at, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-muster-signature']);
    assert.ok(Math.abs(Date.now() / 1000 - Number(at)) < 60);
    assert.equal(signature,
      crypto.createHmac('sha256', signing).update(`${at}.${text}`).digest('hex'));
  });

  test('may leave the choice to the service', async () => {
    webhook.answers['you-choose'] = { body: { payload: { only: 'this' } } };
    const key = await enroll('you-choose', custom({ fallbackPolicy: 'geoLatency' }));
    const told = await register('you-choose', key);
    assert.equal(told.assignedHub, south.hostName);
    assert.deepEqual(told.payload, { only: 'this' });
  });

  // Each failure ends with 400207, and the device may come back (dps-device 7.3).
  const lies = {
    'a refusal': { status: 403, body: {}, says: /status code: 403/ },
    'a hub that is not linked': { body: { iotHubHostName: 'elsewhere.example.org' } },
    'a twin of the wrong type': { body: { iotHubHostName: 'NORTH', initialTwin: 7 } },
    'no JSON': { body: 'Hello' },
    'a redirect to an inside address': {
      status: 307, headers: { Location: 'http://169.254.169.254/latest' }, says: /code: 307/,
    },
    'an answer without an end': { body: `"${'x'.repeat(2 * 1024 * 1024)}"` },
  };
  for (const [name, { says = /./, ...answer }] of Object.entries(lies)) {
    test(`that gives ${name} is a failure`, async () => {
      const id = `lied-to-${name.replaceAll(' ', '-')}`.toLowerCase();
      // A path of its own: the circuit is that of the address.
      const key = await enroll(id, custom({ webhookUrl: webhook.url.replace('allocate', id) }));
      webhook.answers[id] = answer;
      const error = await refused(id, key);
      assert.equal(error.result.registrationState.errorCode, 400207, error.result);
      assert.match(error.result.registrationState.errorMessage, says);
      webhook.answers[id] = { body: { iotHubHostName: north.hostName } };
      assert.equal((await register(id, key)).assignedHub, north.hostName);
    });
  }

  test('that nobody may call is not called', async () => {
    const key = await enroll('inside', custom({ webhookUrl: 'http://127.0.0.1:1/metadata' }));
    const error = await refused('inside', key);
    assert.equal(error.result.registrationState.errorCode, 400207);
  });

  test('that fails gives way to a policy, if one is named', async () => {
    webhook.answers.fallback = { status: 500 };
    const key = await enroll('fallback', custom({
      webhookUrl: webhook.url.replace('allocate', 'broken'), fallbackPolicy: 'geoLatency',
    }));
    assert.equal((await register('fallback', key)).assignedHub, south.hostName);
  });
});

test('lowest latency: the network map says how far it is', async () => {
  const key = await enroll('near', { allocationPolicy: 'geoLatency' });
  assert.equal((await register('near', key)).assignedHub, south.hostName);
  const explained = await muster(['explain', 'near', '--address', '127.0.0.1', '--output', 'json'],
    { env: { MUSTER_DATA: server.data } });
  assert.equal(explained.code, 0, explained.stderr);
  assert.match(explained.stdout, /127\.0\.0\.0\/8/);
});

describe('a rule', together, () => {
  const rule = (text) => ({
    allocationPolicy: 'custom', customAllocationDefinition: { rule: text },
  });

  test('chooses by what the device sends', async () => {
    const text = `when payload.model like "pump-*" then hub("${south.hostName}") ` +
      `otherwise hub("${north.hostName}")`;
    const pump = await enroll('rule-pump', rule(text));
    const valve = await enroll('rule-valve', rule(text));
    assert.equal((await register('rule-pump', pump, { model: 'pump-7' })).assignedHub,
      south.hostName);
    assert.equal((await register('rule-valve', valve, { model: 'valve' })).assignedHub,
      north.hostName);
  });

  test('that is none is refused when it is saved', async () => {
    await assert.rejects(enroll('clever', rule('when eval("1") then hub("x")')), (error) => {
      assert.match(error.responseBody, /column \d+/);
      return true;
    });
  });
});

test('a record says what the function did', async () => {
  webhook.answers.recorded = { body: { iotHubHostName: north.hostName, payload: { kept: true } } };
  const key = await enroll('recorded', custom());
  await register('recorded', key);
  const record = await recordOf('recorded');
  assert.equal(record.assignedHub, north.hostName);
  assert.deepEqual(record.payload, { kept: true });
});

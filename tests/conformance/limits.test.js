'use strict';
// A hub that imitates a published tier: the packages meet real refusals.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

let server;
let hub;

// One unit of F1: 100 registry operations and 20 queries a minute, 50 twin updates a second, 8,000
// messages a day of half a kilobyte each.
before(async () => {
  server = await Server.start({ config: ([server_address, tiered]) => `
[server]
listen = ["${server_address}"]

[[hub]]
name = "tiered"
host = "${tiered}"
tier = "F1"
devices_max = 3
unthrottled_policies = ["registryRead"]

[[instance]]
id_scope = "0ne00000001"
name = "local"
hosts = ["${server_address}"]
` });
  [hub] = server.ready.hubs;
});
after(() => server?.close());

const authorization = () => sdk.serviceToken(hub.connectionString);

/** A token of a policy whose keys only the data folder tells. */
function tokenOf(policy) {
  const secrets = fs.readFileSync(path.join(server.data, 'secrets.toml'), 'utf8');
  const [, key] = new RegExp(`^${policy} = \\{ primary = "([^"]+)"`, 'm').exec(secrets);
  return sdk.serviceToken(
    `HostName=${hub.hostName};SharedAccessKeyName=${policy};SharedAccessKey=${key}`);
}

const getOne = (token) => sdk.send(hub.hostName, 'GET', '/devices/one?api-version=2021-04-12',
  { headers: { Authorization: token } });

test('a device more than the hub takes is refused', async () => {
  const registry = sdk.registry(hub);
  for (const deviceId of ['one', 'two', 'three']) await registry.create({ deviceId });
  await assert.rejects(registry.create({ deviceId: 'four' }), (error) => {
    assert.match(error.responseBody, /TooManyDevices/);
    return true;
  });
});

test('above the rate requests wait, and then they are refused', async () => {
  const registry = sdk.registry(hub);
  const outcomes = await Promise.all(Array.from({ length: 160 }, () =>
    registry.get('one').then(() => 'fine', (error) => error)));
  const refused = outcomes.filter((outcome) => outcome !== 'fine');
  assert.ok(refused.length > 0, 'nothing was refused');
  assert.ok(outcomes.length - refused.length >= 90, 'a minute has a hundred');
  for (const error of refused) assert.equal(error.name, 'ThrottlingError');

  // In five seconds there is a turn for eight or nine of these; the others hear it at once.
  const answers = await Promise.all(Array.from({ length: 30 }, () => getOne(authorization())));
  const told = answers.filter((answer) => answer.status === 429);
  assert.ok(told.length > 0, 'nothing was refused');
  for (const answer of told) {
    assert.equal(answer.headers['iothub-errorcode'], 'ThrottlingException');
    assert.ok(Number(answer.headers['retry-after']) >= 1);
    assert.match(answer.body.Message, /^ErrorCode:ThrottlingException/);
  }
});

test('a policy that is exempt neither waits nor takes a turn', async () => {
  const answers = await Promise.all(
    Array.from({ length: 120 }, () => getOne(tokenOf('registryRead'))));
  for (const answer of answers) assert.equal(answer.status, 200);
});

test('who has proved nothing uses nothing up', async () => {
  const post = (token) => sdk.send(hub.hostName, 'POST',
    '/devices/two/messages/events?api-version=2021-04-12',
    { headers: token ? { Authorization: token } : {}, body: 'x'.repeat(200 * 1024) });
  // Each of these would be four hundred messages of the eight thousand of a day.
  for (let i = 0; i < 25; ++i) assert.equal((await post()).status, 401);
  assert.equal((await post(tokenOf('device'))).status, 204);
});

test('the daily quota is used up', async () => {
  const device = await sdk.send(hub.hostName, 'GET', '/twins/two?api-version=2021-04-12',
    { headers: { Authorization: authorization() } });
  assert.equal(device.status, 200);
  // Twins are written in steps of half a kilobyte: large patches use it up quickly.
  const text = 'x'.repeat(3900);
  const tags = Object.fromEntries(['a', 'b'].map((name) => [name, text]));
  const body = JSON.stringify({ tags });
  let refusal;
  for (let i = 0; i < 600 && !refusal; ++i) {
    const answer = await sdk.send(hub.hostName, 'PATCH', '/twins/two?api-version=2021-04-12', {
      headers: {
        Authorization: authorization(), 'Content-Type': 'application/json', 'If-Match': '*',
      },
      body,
    });
    if (answer.status !== 200) refusal = answer;
  }
  assert.equal(refusal.status, 403);
  assert.equal(refusal.headers['iothub-errorcode'], 'IotHubQuotaExceeded');
  await assert.rejects(sdk.registry(hub).getTwin('two'),
    { name: 'TooManyDevicesError' }); // the package's word for every 403
});

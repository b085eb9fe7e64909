'use strict';
// azure-iothub's configurations and digital twins, against a device of azure-iot-device.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const iothub = require('azure-iothub');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

let server;
let hub;
let registry;

before(async () => {
  server = await Server.start();
  [hub] = server.ready.hubs;
  registry = sdk.registry(hub);
});

after(() => server?.close());

const refusal = (name) => (error) => {
  assert.equal(error.response.headers['iothub-errorcode'], name);
  return true;
};

const desired = async (id) => (await registry.getTwin(id)).responseBody.properties.desired;

const configuration = (id, more = {}) => ({
  id,
  content: { deviceContent: { 'properties.desired.net': { apn: id } } },
  targetCondition: "tags.site = 'north'",
  priority: 10,
  labels: { team: 'ops' },
  metrics: { queries: { all: "select deviceId from devices where tags.site = 'north'" } },
  ...more,
});

describe('a configuration', () => {
  // IOTHUB-30
  test('is stored, read, listed, changed and removed', async () => {
    const { responseBody: made, httpResponse } = await registry.addConfiguration(
      configuration('stored', { targetCondition: '' }));
    assert.equal(httpResponse.statusCode, 200);
    assert.equal(made.schemaVersion, '1.0');
    assert.ok(made.createdTimeUtc && made.lastUpdatedTimeUtc && made.etag);
    const read = (await registry.getConfiguration('stored')).responseBody;
    assert.deepEqual(read.content.deviceContent, { 'properties.desired.net': { apn: 'stored' } });
    assert.equal(read.priority, 10);
    const listed = (await registry.getConfigurations()).responseBody;
    assert.ok(listed.some((one) => one.id === 'stored'));
    const changed = (await registry.updateConfiguration({ ...read, priority: 11 })).responseBody;
    assert.equal(changed.priority, 11);
    assert.notEqual(changed.etag, read.etag);
    await assert.rejects(registry.updateConfiguration(read), refusal('PreconditionFailed'));
    await assert.rejects(registry.updateConfiguration({
      ...changed, content: { deviceContent: { 'properties.desired.net': { apn: 'x' } } },
    }), refusal('CannotModifyImmutableConfigurationContent'));
    await assert.rejects(registry.addConfiguration(configuration('stored')),
      refusal('ConfigurationAlreadyExists'));
    await registry.removeConfiguration('stored');
    await assert.rejects(registry.getConfiguration('stored'), refusal('ConfigurationNotFound'));
  });

  test('reaches the devices that it means, and the strongest stands', async (t) => {
    const device = await sdk.newDevice(hub, 'configured');
    const client = sdk.connectDevice(device.connectionString);
    await client.open();
    t.after(() => client.close());
    const twin = await client.getTwin();
    twin.on('properties.desired', () => {}); // or the client does not ask for them
    await registry.addConfiguration(configuration('weak'));
    await registry.addConfiguration(configuration('strong', { priority: 20 }));
    await registry.updateTwin('configured', { tags: { site: 'north' } }, '*');
    await sdk.eventually(async () => {
      assert.deepEqual((await desired('configured')).net, { apn: 'strong' });
      assert.deepEqual(twin.properties.desired.net, { apn: 'strong' });
    });
    await registry.removeConfiguration('strong');
    await sdk.eventually(async () =>
      assert.deepEqual((await desired('configured')).net, { apn: 'weak' }));
    await sdk.eventually(async () => {
      const shown = (await registry.getConfiguration('weak')).responseBody;
      assert.deepEqual(shown.systemMetrics.results, { targetedCount: 1, appliedCount: 1 });
      assert.deepEqual(shown.metrics.results, { all: 1 });
    });
    await registry.updateTwin('configured', { tags: { site: 'south' } }, '*');
    await sdk.eventually(async () =>
      assert.equal((await desired('configured')).net, undefined));
  });

  test('is refused with a reason', async () => {
    await assert.rejects(registry.addConfiguration(configuration('Upper')),
      (error) => error.name === 'ArgumentError');
    await assert.rejects(
      registry.addConfiguration(configuration('bad', { targetCondition: 'tags.a =' })),
      refusal('InvalidConfigurationTargetCondition'));
    await assert.rejects(registry.addConfiguration(configuration('bad', { content: {} })),
      refusal('InvalidConfigurationContent'));
    await assert.rejects(registry.addConfiguration(configuration('bad',
      { metrics: { queries: { m: 'select' } } })),
    refusal('InvalidConfigurationCustomMetricsQuery'));
  });

  test('is applied to one device without being kept', async () => {
    await sdk.newDevice(hub, 'applied');
    await registry.applyConfigurationContentOnDevice('applied',
      { deviceContent: { 'properties.desired.once': 1 } });
    assert.equal((await desired('applied')).once, 1);
  });
});

describe('a digital twin', () => {
  const twins = () => new iothub.DigitalTwinClient(
    new iothub.IoTHubTokenCredentials(hub.connectionString));

  test('is patched by component and read', async () => {
    await sdk.newDevice(hub, 'digital');
    await twins().updateDigitalTwin('digital',
      [{ op: 'add', path: '/thermostat1/target', value: 21 }]);
    assert.deepEqual((await desired('digital')).thermostat1, { __t: 'c', target: 21 });
    const read = await twins().getDigitalTwin('digital');
    assert.equal(read.$dtId, 'digital');
    assert.equal(read.thermostat1.$metadata.target.desiredValue, 21);
  });

  test('takes commands', async (t) => {
    const device = await sdk.newDevice(hub, 'commanded');
    const client = sdk.connectDevice(device.connectionString);
    await client.open();
    t.after(() => client.close());
    sdk.answerMethod(client, 'thermostat1*reboot');
    const answer = await sdk.eventually(() => twins().invokeComponentCommand('commanded',
      'thermostat1', 'reboot', { in: 5 },
      { connectTimeoutInSeconds: 5, responseTimeoutInSeconds: 10 }));
    assert.equal(answer.xMsCommandStatuscode, 200);
    assert.deepEqual(JSON.parse(answer._response.bodyAsText), { echo: { in: 5 } });
  });
});

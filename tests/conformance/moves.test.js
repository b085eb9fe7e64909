'use strict';
// Devices that come back: reprovisioning policies as the published packages see them, from
// registering over working at one hub to working at the other.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Server, muster } = require('./support/server');
const sdk = require('./support/sdk');

const together = { concurrency: true, timeout: 60_000 };
const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const never = { updateHubAssignment: false, migrateDeviceData: false };
const initialTwin = { tags: { site: 'north' }, properties: { desired: { period: 60 } } };

let server;
let service;
let north;
let south;

before(async () => {
  server = await Server.start();
  service = sdk.provisioningService(server);
  [north, south] = server.ready.hubs;
});
after(() => server?.close());

const keyOf = (enrollment) => enrollment.attestation.symmetricKey.primaryKey;

async function enroll(registrationId, hub, more = {}) {
  const { responseBody } = await service.createOrUpdateIndividualEnrollment({
    registrationId,
    attestation: { type: 'symmetricKey' },
    allocationPolicy: 'static',
    iotHubs: [hub.hostName],
    initialTwin,
    ...more,
  });
  return responseBody;
}

const register = (id, key, transport = 'http') =>
  sdk.register(server, transport, sdk.byKey(id, key));

const recordOf = async (id) => (await service.getDeviceRegistrationState(id)).responseBody;

/** The device's client at the hub it was told, connected, with its twin read. */
async function goToWork({ assignedHub, deviceId }, key, transport = 'mqtt') {
  const client = sdk.connectDevice(
    `HostName=${assignedHub};DeviceId=${deviceId};SharedAccessKey=${key}`, transport);
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await client.open();
  return { client, twin: await client.getTwin() };
}

const twinAt = async (hub, id) => (await sdk.registry(hub).getTwin(id)).responseBody;

async function isGone(hub, id) {
  await sdk.eventually(() => assert.rejects(sdk.registry(hub).get(id),
    { name: 'DeviceNotFoundError' }));
}

/** What the twin holds beside the marks of its versions. */
function content({ tags, properties: { desired, reported } }) {
  const values = ({ $metadata, $version, ...rest }) => rest; // eslint-disable-line no-unused-vars
  return { tags, desired: values(desired), reported: values(reported) };
}

/** Registered at the north, at work, with something of its own in every part of its twin. */
async function settle(id, policy, more = {}) {
  const enrollment = await enroll(id, north,
    { ...(policy && { reprovisionPolicy: policy }), ...more });
  const key = keyOf(enrollment);
  const told = await register(id, key);
  assert.equal(told.assignedHub, north.hostName);
  const { client, twin } = await goToWork(told, key);
  await sdk.report(twin, { firmware: '1.2', net: { apn: 'iot' } });
  await sdk.registry(north).updateTwin(id,
    { tags: { owner: 'ops' }, properties: { desired: { period: 5 } } }, '*');
  return { enrollment, key, client };
}

const sendTo = (hub, enrollment) => service.createOrUpdateIndividualEnrollment(
  { ...enrollment, etag: '*', iotHubs: [hub.hostName] });

const worked = {
  tags: { site: 'north', owner: 'ops' },
  desired: { period: 5 },
  reported: { firmware: '1.2', net: { apn: 'iot' } },
};
const fresh = { tags: { site: 'north' }, desired: { period: 60 }, reported: {} };

describe('a device that registers again', together, () => {
  // DPS-DEVICE-65
  test('is moved with its twin, and works on at the other hub', async () => {
    const { enrollment, key, client } = await settle('moved', migrate);
    const cut = new Promise((resolve) => client.once('disconnect', resolve));
    await sendTo(south, enrollment);
    const told = await register('moved', key);
    assert.equal(told.assignedHub, south.hostName);
    await cut;
    assert.equal((await recordOf('moved')).substatus, 'deviceDataMigrated');
    await isGone(north, 'moved');

    assert.deepEqual(content(await twinAt(south, 'moved')), worked);
    const { client: again, twin } = await goToWork(told, key);
    assert.equal(twin.properties.desired.period, 5);
    assert.equal(twin.properties.reported.firmware, '1.2');
    await sdk.report(twin, { firmware: '1.3' });
    await again.sendEvent(new sdk.Message('here now'));
    const [message] = await sdk.telemetry(south, 'moved', 1);
    assert.equal(message.body, 'here now');
    await again.close();
  });

  test('goes there and back', async () => {
    const { enrollment, key, client } = await settle('there-and-back', migrate);
    client.close();
    await sendTo(south, enrollment);
    assert.equal((await register('there-and-back', key)).assignedHub, south.hostName);
    await sdk.registry(south).updateTwin('there-and-back', { tags: { seen: 'south' } }, '*');
    await sendTo(north, enrollment);
    assert.equal((await register('there-and-back', key)).assignedHub, north.hostName);
    await isGone(south, 'there-and-back');
    assert.deepEqual(content(await twinAt(north, 'there-and-back')),
      { ...worked, tags: { ...worked.tags, seen: 'south' } });
  });

  test('is reset when it moves', async () => {
    const { enrollment, key, client } = await settle('reset-moved', reset);
    client.close();
    await sendTo(south, enrollment);
    assert.equal((await register('reset-moved', key)).assignedHub, south.hostName);
    assert.equal((await recordOf('reset-moved')).substatus, 'deviceDataReset');
    assert.deepEqual(content(await twinAt(south, 'reset-moved')), fresh);
    await isGone(north, 'reset-moved');
  });

  test('is reset where it is', async () => {
    const { key, client } = await settle('reset-here', reset);
    const cut = new Promise((resolve) => client.once('disconnect', resolve));
    assert.equal((await register('reset-here', key)).assignedHub, north.hostName);
    await cut;
    assert.equal((await recordOf('reset-here')).substatus, 'deviceDataReset');
    assert.deepEqual(content(await twinAt(north, 'reset-here')), fresh);
  });

  test('stays for ever under "never"', async () => {
    const { enrollment, key, client } = await settle('stays', never);
    await sendTo(south, enrollment);
    assert.equal((await register('stays', key)).assignedHub, north.hostName);
    assert.equal((await recordOf('stays')).substatus, 'initialAssignment');
    assert.deepEqual(content(await twinAt(north, 'stays')), worked);
    await client.close();
  });

  test('with nothing changed keeps its connection', async () => {
    const { key, client } = await settle('undisturbed', migrate);
    let cut = false;
    client.once('disconnect', () => { cut = true; });
    assert.equal((await register('undisturbed', key)).assignedHub, north.hostName);
    await client.sendEvent(new sdk.Message('still here'));
    assert.equal(cut, false);
    await client.close();
  });

  test('moves over MQTT as over HTTPS', async () => {
    const { enrollment, key, client } = await settle('over-mqtt', migrate);
    client.close();
    await sendTo(south, enrollment);
    assert.equal((await register('over-mqtt', key, 'mqtt')).assignedHub, south.hostName);
    assert.deepEqual(content(await twinAt(south, 'over-mqtt')), worked);
  });
});

/** A registration with an api-version of one's choice: the SDK sends only its own. */
async function registerAt(api_version, id, key) {
  const base = `/${server.ready.idScope}/registrations/${id}`;
  const headers = {
    Authorization: sdk.deviceToken(`${server.ready.idScope}/registrations/${id}`, key,
      'registration'),
    'Content-Type': 'application/json',
  };
  const begun = await sdk.send(server.ready.provisioningHost, 'PUT',
    `${base}/register?api-version=${api_version}`,
    { headers, body: JSON.stringify({ registrationId: id }) });
  assert.equal(begun.status, 202, begun.text);
  return sdk.eventually(async () => {
    const { body } = await sdk.send(server.ready.provisioningHost, 'GET',
      `${base}/operations/${begun.body.operationId}?api-version=${api_version}`, { headers });
    assert.equal(body.status, 'assigned', JSON.stringify(body));
    return body.registrationState;
  });
}

describe('without a policy', together, () => {
  test('a device of 2018-04-01 keeps its hub', async () => {
    const { enrollment, key, client } = await settle('sticky', undefined);
    client.close();
    await sendTo(south, enrollment);
    assert.equal((await registerAt('2018-04-01', 'sticky', key)).assignedHub, north.hostName);
    assert.deepEqual(content(await twinAt(north, 'sticky')), worked);
  });

  test('a newer one is moved with its twin', async () => {
    const { enrollment, key, client } = await settle('modern', undefined);
    client.close();
    await sendTo(south, enrollment);
    assert.equal((await registerAt('2019-03-31', 'modern', key)).assignedHub, south.hostName);
    assert.deepEqual(content(await twinAt(south, 'modern')), worked);
    await isGone(north, 'modern');
  });

  test('a policy counts more than an old api-version', async () => {
    const { enrollment, key, client } = await settle('told-to', migrate);
    client.close();
    await sendTo(south, enrollment);
    assert.equal((await registerAt('2018-04-01', 'told-to', key)).assignedHub, south.hostName);
  });
});

describe('an enrollment that changes', together, () => {
  test('takes the device to a new name, twin and all', async () => {
    const { enrollment, key, client } = await settle('renamed', migrate);
    client.close();
    await service.createOrUpdateIndividualEnrollment({ ...enrollment, deviceId: 'pump-7' });
    const told = await register('renamed', key);
    assert.deepEqual([told.assignedHub, told.deviceId], [north.hostName, 'pump-7']);
    assert.deepEqual(content(await twinAt(north, 'pump-7')), worked);
    await isGone(north, 'renamed');
  });

  test('gives the hub its new keys', async () => {
    const { enrollment, client } = await settle('rekeyed', migrate);
    const cut = new Promise((resolve) => client.once('disconnect', resolve));
    const key = Buffer.alloc(32, 1).toString('base64');
    await service.createOrUpdateIndividualEnrollment({
      ...enrollment,
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
    });
    const told = await register('rekeyed', key);
    await cut;
    const { client: again } = await goToWork(told, key);
    assert.deepEqual(content(await twinAt(north, 'rekeyed')), worked);
    await again.close();
  });

  test('and is deleted leaves the device where it is, and never on two hubs', async () => {
    const { key, client } = await settle('deleted', migrate);
    await service.deleteIndividualEnrollment('deleted');
    await client.sendEvent(new sdk.Message('still at work'));
    await client.close();
    await enroll('deleted', south, {
      reprovisionPolicy: migrate,
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
    });
    assert.equal((await register('deleted', key)).assignedHub, south.hostName);
    assert.equal((await recordOf('deleted')).substatus, 'initialAssignment');
    await isGone(north, 'deleted');
    assert.deepEqual(content(await twinAt(south, 'deleted')), worked);
  });

  test('from a group to one of its own and back', async () => {
    const group = (await service.createOrUpdateEnrollmentGroup({
      enrollmentGroupId: 'pumps',
      attestation: { type: 'symmetricKey' },
      allocationPolicy: 'static',
      iotHubs: [north.hostName],
      initialTwin,
      reprovisionPolicy: migrate,
    })).responseBody;
    const key = sdk.derivedKey(keyOf(group), 'member');
    assert.equal((await register('member', key)).assignedHub, north.hostName);
    await enroll('member', south, {
      reprovisionPolicy: migrate,
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } },
    });
    assert.equal((await register('member', key)).assignedHub, south.hostName);
    await isGone(north, 'member');
    await service.deleteIndividualEnrollment('member');
    assert.equal((await register('member', key)).assignedHub, north.hostName);
    await isGone(south, 'member');
  });
});

test('a hub is drained while its devices are at work', { timeout: 60_000 }, async () => {
  const ids = Array.from({ length: 12 }, (_, n) => `drained-${n}`);
  const hashed = { allocationPolicy: 'hashed', iotHubs: [], reprovisionPolicy: migrate };
  const devices = await Promise.all(ids.map(async (id) => {
    const key = keyOf(await enroll(id, north, hashed));
    const told = await register(id, key);
    const { client, twin } = await goToWork(told, key);
    await sdk.report(twin, { id });
    return { id, key, told, client };
  }));
  const here = devices.filter(({ told }) => told.assignedHub === south.hostName);
  assert.ok(here.length > 0, 'one of twelve is at the south');
  const cut = here.map(({ client }) => new Promise((done) => client.once('disconnect', done)));
  const { code, stdout, stderr } = await muster(
    ['drain', south.hostName, '--rate', '100', '--wait'], { env: { MUSTER_DATA: server.data } });
  assert.equal(code, 0, stdout + stderr);
  await Promise.all(cut);
  await Promise.all(here.map(async ({ id, key }) => {
    const told = await register(id, key);
    assert.equal(told.assignedHub, north.hostName);
    const { client, twin } = await goToWork(told, key);
    assert.equal(twin.properties.reported.id, id);
    await client.close();
    await isGone(south, id);
  }));
  for (const { client } of devices) client.close();
});

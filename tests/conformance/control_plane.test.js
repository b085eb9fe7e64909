'use strict';
// @azure/arm-deviceprovisioningservices: instances managed by the package that manages Azure's.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { issue } = require('./support/certificates');
const control = require('./support/control');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

const group = 'plant-1';
const owner_policy = 'provisioningserviceowner';
const fast = { updateIntervalInMs: 50 };
const plain = { location: 'westus', properties: {}, sku: { name: 'S1', capacity: 1 } };

let server;
let client;
let dps;

before(async () => {
  server = await Server.start();
  client = control.controlClient(server);
  dps = client.iotDpsResource;
});

after(() => server?.close());

const make = (name, more = {}, in_group = group) =>
  dps.createOrUpdate(in_group, name, { ...plain, ...more }, fast);

/** The package's error has this status and code, and the members that Azure documents beside. */
async function assertRefused(promise, status, code) {
  await assert.rejects(async () => promise, (error) => {
    assert.equal(error.statusCode, status, error.message);
    assert.equal(error.code, code);
    if (error.details) {
      assert.equal(error.details.code, status * 1000);
      assert.equal(error.details.message, error.message);
      assert.match(error.details.httpStatusCode, /^[A-Z][A-Za-z]+$/);
    }
    return true;
  });
}

describe('an instance', () => {
  test('is created, and is there when the poller is done', async () => {
    const made = await make('made-1', { tags: { key1: 'value1' } });
    assert.equal(made.name, 'made-1');
    assert.equal(made.location, 'westus');
    assert.deepEqual(made.tags, { key1: 'value1' });
    assert.deepEqual(made.sku, { name: 'S1', tier: 'Standard', capacity: 1 });
    assert.equal(made.type, 'Microsoft.Devices/provisioningServices');
    assert.equal(made.resourcegroup, group);
    assert.equal(made.subscriptionid, control.subscription);
    assert.equal(made.id, `/subscriptions/${control.subscription}/resourceGroups/${group}` +
      '/providers/Microsoft.Devices/provisioningServices/made-1');
    assert.equal(made.properties.state, 'Active');
    assert.equal(made.properties.provisioningState, 'Succeeded');
    assert.match(made.properties.idScope, /^0ne[0-9A-F]{8}$/);
    assert.match(made.properties.serviceOperationsHostName, /^made-1\./);
    assert.equal(made.properties.deviceProvisioningHostName, server.ready.controlEndpoint);
    assert.deepEqual(await dps.get(group, 'made-1'), made);
  });

  test('read, changed and put again keeps everything else', async () => {
    await make('changed-1', { tags: { a: '1' } });
    const read = await dps.get(group, 'changed-1');
    read.properties.allocationPolicy = 'GeoLatency';
    read.properties.publicNetworkAccess = 'Disabled';
    read.properties.disableLocalAuth = true;
    read.properties.ipFilterRules = [
      { filterName: 'office', action: 'Accept', ipMask: '192.0.2.0/24', target: 'serviceApi' },
      { filterName: 'rest', action: 'Reject', ipMask: '0.0.0.0/0', target: 'all' },
    ];
    const changed = await dps.createOrUpdate(group, 'changed-1', read, fast);
    assert.notEqual(changed.etag, read.etag);
    assert.deepEqual({ ...changed, etag: read.etag }, read);
    assert.deepEqual(await dps.get(group, 'changed-1'), changed);
  });

  test('has its tags replaced by an update', async () => {
    await make('tagged-1', { tags: { a: '1', b: '2' } });
    const updated = await dps.update(group, 'tagged-1', { tags: { c: '3' } }, fast);
    assert.deepEqual(updated.tags, { c: '3' });
    assert.equal(updated.location, 'westus');
  });

  test('keeps to If-Match and If-None-Match', async () => {
    const made = await make('conditions-1');
    const put = (headers) => dps.createOrUpdate(group, 'conditions-1',
      { ...plain, location: 'elsewhere' }, { ...fast, requestOptions: { headers } });
    await assertRefused(put({ 'if-match': 'AAAA' }), 412, 'PreconditionFailed');
    await assertRefused(put({ 'if-none-match': '*' }), 412, 'PreconditionFailed');
    assert.equal((await put({ 'if-match': made.etag })).location, 'elsewhere');
    await assertRefused(put({ 'if-match': made.etag }), 412, 'PreconditionFailed');
  });

  test('is listed in its group and in the subscription', async () => {
    await make('listed-1', {}, 'list-group');
    await make('listed-2', {}, 'list-group');
    const names = (list) => list.map((instance) => instance.name);
    const in_group = await control.collect(dps.listByResourceGroup('LIST-group'));
    assert.deepEqual(names(in_group), ['listed-1', 'listed-2']);
    const everywhere = names(await control.collect(dps.listBySubscription()));
    for (const name of ['listed-1', 'listed-2', server.ready.instance]) {
      assert.ok(everywhere.includes(name), name);
    }
    assert.deepEqual(await control.collect(dps.listByResourceGroup('empty-group')), []);
  });

  test('has a name that is checked first', async () => {
    await make('named-1');
    const check = (name) => dps.checkProvisioningServiceNameAvailability({ name });
    assert.equal((await check('named-2')).nameAvailable, true);
    const taken = await check('NAMED-1');
    assert.equal(taken.nameAvailable, false);
    assert.equal(taken.reason, 'AlreadyExists');
    const invalid = await check('-');
    assert.equal(invalid.nameAvailable, false);
    assert.equal(invalid.reason, 'Invalid');
    await assertRefused(make('named-1', {}, 'another-group'), 409, 'ResourceAlreadyExists');
    await assertRefused(make('12345'), 400, 'BadRequest');
  });

  test('refuses what is not offered rather than dropping it', async () => {
    for (const [more, message] of [
      [{ identity: { type: 'SystemAssigned' } }, /identity/],
      [{ sku: { name: 'B1', capacity: 1 } }, /sku/],
      [{ properties: { allocationPolicy: 'Custom' } }, /allocationPolicy/],
      [{ properties: { iotHubs: [{ hostName: 'h', location: '' }] } }, /connectionString/],
    ]) {
      await assert.rejects(async () => make('refused-1', more), message);
    }
    await assertRefused(dps.get(group, 'refused-1'), 404, 'ResourceNotFound');
  });

  test('answers the small questions', async () => {
    await make('small-1');
    assert.deepEqual(await control.collect(dps.listValidSkus('small-1', group)), [{ name: 'S1' }]);
    assert.deepEqual(await dps.listPrivateEndpointConnections(group, 'small-1'), []);
    assert.deepEqual((await dps.listPrivateLinkResources(group, 'small-1')).value, []);
    await assertRefused(dps.getPrivateLinkResources(group, 'small-1', 'iotDps'), 404,
      'ResourceNotFound');
    await assertRefused(dps.getPrivateEndpointConnection(group, 'small-1', 'none'), 404,
      'ResourceNotFound');
    await assertRefused(dps.deletePrivateEndpointConnection(group, 'small-1', 'none', fast), 404,
      'ResourceNotFound');
    const approval = { privateLinkServiceConnectionState: { status: 'Approved', description: '' } };
    await assertRefused(dps.createOrUpdatePrivateEndpointConnection(group, 'small-1', 'none',
      { properties: approval }, fast), 404, 'ResourceNotFound');
    const operations = await control.collect(client.operations.list());
    assert.equal(operations[0].name, 'Microsoft.Devices/provisioningServices/Read');
    assert.ok(operations.every(({ display }) => display.provider && display.operation));
  });
});

describe('a deletion', () => {
  test('is an operation that ends when the instance is gone', async () => {
    await make('deleted-1');
    const poller = dps.delete(group, 'deleted-1', fast);
    await poller.submitted();
    assert.equal((await dps.get(group, 'deleted-1')).properties.state, 'Deleting');
    await poller.pollUntilDone();
    assert.equal(poller.operationState.status, 'succeeded');
    await assertRefused(dps.get(group, 'deleted-1'), 404, 'ResourceNotFound');
    const again = await make('deleted-1');
    assert.equal(again.properties.state, 'Active');
  });

  test('can be asked about by its id', async () => {
    await make('deleted-2');
    const { status, headers } = await control.sendControl(server, 'DELETE',
      `${group}/providers/Microsoft.Devices/provisioningServices/deleted-2`);
    assert.equal(status, 202);
    const address = new URL(headers['azure-asyncoperation']);
    const id = address.pathname.split('/').at(-1);
    const result = () => dps.getOperationResult(id, group, 'deleted-2', '');
    assert.match((await result()).status, /^(InProgress|Succeeded)$/);
    await sdk.eventually(async () => assert.equal((await result()).status, 'Succeeded'));
    const location = new URL(headers.location);
    const done = await sdk.send(location.host, 'GET', location.pathname + location.search,
      { headers: { Authorization: `Bearer ${server.ready.adminToken}` } });
    assert.equal(done.status, 204);
  });

  test('of nothing succeeds', async () => {
    await dps.delete(group, 'never-was', fast);
  });

  test('is followed across a restart of the server', async () => {
    await make('deleted-3');
    const poller = dps.delete(group, 'deleted-3', fast);
    const state = await poller.serialize();
    await server.stop();
    await server.run();
    const restored = control.restorePoller(client, state, dps.delete, fast);
    await restored.pollUntilDone();
    assert.equal(restored.operationState.status, 'succeeded');
    await assertRefused(dps.get(group, 'deleted-3'), 404, 'ResourceNotFound');
  });
});

describe('shared access policies', () => {
  const keysOf = async (name) => control.collect(dps.listKeys(name, group));

  test('begin with the owner', async () => {
    await make('policies-1');
    const [owner, ...others] = await keysOf('policies-1');
    assert.deepEqual(others, []);
    assert.equal(owner.keyName, owner_policy);
    assert.equal(owner.rights, 'ServiceConfig, DeviceConnect, EnrollmentWrite');
    assert.deepEqual(await dps.listKeysForKeyName('policies-1', owner_policy, group), owner);
    await assertRefused(dps.listKeysForKeyName('policies-1', 'nobody', group), 404,
      'ResourceNotFound');
  });

  test('are added with keys of the server, changed and removed', async () => {
    const read = await make('policies-2');
    const owner = await dps.listKeysForKeyName('policies-2', owner_policy, group);
    read.properties.authorizationPolicies = [
      owner, { keyName: 'ci', rights: 'EnrollmentRead, EnrollmentWrite, RegistrationStatusRead' },
    ];
    const put = await dps.createOrUpdate(group, 'policies-2', read, fast);
    assert.equal(put.properties.authorizationPolicies.length, 2);
    const [kept, added] = await keysOf('policies-2');
    assert.deepEqual(kept, owner);
    assert.equal(added.rights, 'EnrollmentWrite');
    assert.ok(added.primaryKey && added.secondaryKey);
    const shown = await dps.get(group, 'policies-2');
    assert.equal(shown.properties.authorizationPolicies, undefined);
    shown.properties.authorizationPolicies = [owner];
    await dps.createOrUpdate(group, 'policies-2', shown, fast);
    assert.deepEqual(await keysOf('policies-2'), [owner]);
  });

  test('have their keys rotated one at a time, without down time', async () => {
    const { properties } = await make('policies-3');
    const owner = await dps.listKeysForKeyName('policies-3', owner_policy, group);
    const use = async (key) => (await control.sendService(server, properties,
      { ...owner, primaryKey: key }, 'GET', '/enrollments/nobody')).status;
    const rotated = { ...owner, primaryKey: Buffer.alloc(32, 7).toString('base64') };
    await dps.createOrUpdate(group, 'policies-3',
      { ...plain, properties: { authorizationPolicies: [rotated] } }, fast);
    assert.equal(await use(owner.primaryKey), 401);
    assert.equal(await use(owner.secondaryKey), 404);
    assert.equal(await use(rotated.primaryKey), 404);
  });

  test('are of no use while local authentication is switched off', async () => {
    const { properties } = await make('policies-4');
    const owner = await dps.listKeysForKeyName('policies-4', owner_policy, group);
    const use = async () => (await control.sendService(server, properties, owner, 'GET',
      '/enrollments/nobody')).status;
    assert.equal(await use(), 404);
    await make('policies-4', { properties: { disableLocalAuth: true } });
    assert.equal(await use(), 401);
    await make('policies-4', { properties: { disableLocalAuth: false } });
    assert.equal(await use(), 404);
  });
});

describe('linked hubs', () => {
  const masked = /;SharedAccessKey=\*{4}$/;

  test('are shown with their keys masked, and may be sent back so', async () => {
    const [hub] = server.ready.hubs;
    const made = await make('hubs-1', { properties: { iotHubs: [{
      connectionString: hub.connectionString, location: 'eastus', allocationWeight: 7,
      applyAllocationPolicy: true,
    }] } });
    const [linked] = made.properties.iotHubs;
    assert.equal(linked.name, hub.hostName);
    assert.equal(linked.location, 'eastus');
    assert.equal(linked.allocationWeight, 7);
    assert.equal(linked.applyAllocationPolicy, true);
    assert.match(linked.connectionString, masked);
    assert.ok(!JSON.stringify(made).includes(sdk.fields(hub.connectionString).SharedAccessKey));
    linked.allocationWeight = 9;
    const again = await dps.createOrUpdate(group, 'hubs-1', made, fast);
    assert.equal(again.properties.iotHubs[0].allocationWeight, 9);
    again.properties.iotHubs = [];
    const unlinked = await dps.createOrUpdate(group, 'hubs-1', again, fast);
    assert.deepEqual(unlinked.properties.iotHubs, []);
    await assertRefused(dps.createOrUpdate(group, 'hubs-1', made, fast), 400, 'BadRequest');
  });

  test('need a key that is the hub\'s', async () => {
    const { HostName, SharedAccessKeyName } = sdk.fields(server.ready.hubs[0].connectionString);
    const wrong = Buffer.alloc(32).toString('base64');
    const connectionString =
      `HostName=${HostName};SharedAccessKeyName=${SharedAccessKeyName};SharedAccessKey=${wrong}`;
    await assertRefused(
      make('hubs-2', { properties: { iotHubs: [{ connectionString, location: '' }] } }),
      400, 'BadRequest');
  });

  test('take devices of an instance that was not there a moment ago', async () => {
    const [hub] = server.ready.hubs;
    const { properties } = await make('whole-1', { properties: {
      iotHubs: [{ connectionString: hub.connectionString, location: '' }] } });
    const owner = await dps.listKeysForKeyName('whole-1', owner_policy, group);
    const enrolled = await control.sendService(server, properties, owner, 'PUT',
      '/enrollments/whole-device',
      { registrationId: 'whole-device', attestation: { type: 'symmetricKey' } });
    assert.equal(enrolled.status, 200, enrolled.text);
    const key = enrolled.body.attestation.symmetricKey.primaryKey;
    const registered = await sdk.register(server, 'mqtt', sdk.byKey('whole-device', key),
      { scope: properties.idScope });
    assert.equal(registered.assignedHub, hub.hostName);
  });
});

describe('IP filter rules', () => {
  const rejecting = (target) => ({ properties: { ipFilterRules: [
    { filterName: 'nobody', action: 'Reject', ipMask: '127.0.0.0/8', target }] } });

  test('keep callers out of the side they name', async () => {
    const { properties } = await make('filtered-1');
    const owner = await dps.listKeysForKeyName('filtered-1', owner_policy, group);
    const use = async () => (await control.sendService(server, properties, owner, 'GET',
      '/enrollments/nobody')).status;
    assert.equal(await use(), 404);
    await make('filtered-1', rejecting('serviceApi'));
    assert.equal(await use(), 401);
    await make('filtered-1', rejecting('deviceApi'));
    assert.equal(await use(), 404);
  });
});

describe('CA certificates', () => {
  const certificates = () => client.dpsCertificate;
  const bytes = (pem) => new Uint8Array(Buffer.from(pem));

  before(() => make('certificates-1'));

  const put = (name, pem, more = {}, options = {}) => certificates().createOrUpdate(group,
    'certificates-1', name, { properties: { certificate: bytes(pem), ...more } }, options);

  test('are uploaded, read, listed and deleted', async () => {
    const ca = issue('Upload CA', { ca: true });
    const made = await put('upload', ca.cert);
    assert.equal(made.name, 'upload');
    assert.equal(made.properties.subject, 'Upload CA');
    assert.match(made.properties.thumbprint, /^[0-9A-F]{40}$/);
    assert.equal(made.properties.isVerified, false);
    assert.ok(made.properties.expiry > new Date());
    assert.ok(made.properties.created <= new Date(Date.now() + 1000));
    const read = await certificates().get('UPLOAD', group, 'certificates-1');
    assert.equal(read.etag, made.etag);
    const { value } = await certificates().list(group, 'certificates-1');
    assert.deepEqual(value.find(({ name }) => name === 'upload'), read);
    await assertRefused(put('upload', ca.cert), 412, 'PreconditionFailed');
    const again = await put('upload', ca.cert, { isVerified: true }, { ifMatch: made.etag });
    assert.equal(again.properties.isVerified, true);
    await assertRefused(certificates().delete(group, 'certificates-1', 'upload', made.etag), 412,
      'PreconditionFailed');
    await certificates().delete(group, 'certificates-1', 'upload', again.etag);
    await assertRefused(certificates().get('upload', group, 'certificates-1'), 404,
      'ResourceNotFound');
  });

  test('are verified by a proof of possession', async () => {
    const ca = issue('Proven CA', { ca: true });
    const made = await put('proven', ca.cert);
    const coded = await certificates().generateVerificationCode('proven', made.etag, group,
      'certificates-1');
    const { verificationCode } = coded.properties;
    assert.match(verificationCode, /^[0-9A-F]{48}$/);
    const verify = (proof, etag) => certificates().verifyCertificate('proven', etag, group,
      'certificates-1', { certificate: Buffer.from(proof.cert).toString('base64') });
    await assertRefused(verify(issue('something else', { issuer: ca }), coded.etag), 400,
      'BadRequest');
    const verified = await verify(issue(verificationCode, { issuer: ca }), coded.etag);
    assert.equal(verified.properties.isVerified, true);
    assert.notEqual(verified.etag, coded.etag);
  });

  test('take the older shape without properties, too', async () => {
    const ca = issue('Older CA', { ca: true });
    const path = `${group}/providers/Microsoft.Devices/provisioningServices/certificates-1` +
      '/certificates/older';
    const certificate = Buffer.from(ca.cert).toString('base64');
    const made = await control.sendControl(server, 'PUT', path, { body: { certificate } });
    assert.equal(made.status, 200);
    assert.equal(made.body.properties.subject, 'Older CA');
    assert.equal(made.body.properties.certificate, null);
    const coded = await control.sendControl(server, 'POST', `${path}/generateVerificationCode`,
      { headers: { 'If-Match': made.body.etag } });
    const proof = issue(coded.body.properties.verificationCode, { issuer: ca });
    const verified = await control.sendControl(server, 'POST', `${path}/verify`, {
      headers: { 'If-Match': coded.body.etag },
      body: { certificate: Buffer.from(proof.cert).toString('base64') },
    });
    assert.equal(verified.status, 200, verified.text);
    assert.equal(verified.body.properties.isVerified, true);
  });
});

describe('administrators', () => {
  const base = `${group}/providers/Microsoft.Devices/provisioningServices`;

  before(() => make('guarded-1'));

  test('need a token, and a good one', async () => {
    for (const [token, challenge] of [
      [null, 'Bearer realm="muster"'],
      ['mst_wrong', 'Bearer realm="muster", error="invalid_token"'],
    ]) {
      const { status, headers, body } =
        await control.sendControl(server, 'GET', `${base}/guarded-1`, { token });
      assert.equal(status, 401);
      assert.equal(headers['www-authenticate'], challenge);
      assert.equal(body.error.code, 'AuthenticationFailed');
    }
    const stranger = control.controlClient(server, 'mst_wrong').iotDpsResource;
    await assertRefused(stranger.get(group, 'guarded-1'), 401, 'AuthenticationFailed');
  });

  test('who read neither write nor see keys', async () => {
    const token = await control.newToken(server, 'a reader', { role: 'reader' });
    const reader = control.controlClient(server, token).iotDpsResource;
    assert.equal((await reader.get(group, 'guarded-1')).name, 'guarded-1');
    await assertRefused(control.collect(reader.listKeys('guarded-1', group)), 403,
      'AuthorizationFailed');
    await assertRefused(reader.createOrUpdate(group, 'guarded-1', plain, fast), 403,
      'AuthorizationFailed');
    await assertRefused(reader.delete(group, 'guarded-1', fast), 403, 'AuthorizationFailed');
  });

  test('of another tenant see nothing, and cannot tell that there is something', async () => {
    const token = await control.newToken(server, 'another tenant',
      { role: 'owner', tenant: 'plant-2' });
    const other = control.controlClient(server, token).iotDpsResource;
    await assertRefused(other.get(group, 'guarded-1'), 404, 'ResourceGroupNotFound');
    await assertRefused(other.get('plant-2', 'guarded-1'), 404, 'ResourceNotFound');
    await assertRefused(control.collect(other.listKeys('guarded-1', group)), 404,
      'ResourceGroupNotFound');
    assert.deepEqual(await control.collect(other.listBySubscription()), []);
    await other.createOrUpdate('plant-2', 'own-1', plain, fast);
    const names = (await control.collect(other.listBySubscription())).map(({ name }) => name);
    assert.deepEqual(names, ['own-1']);
  });
});

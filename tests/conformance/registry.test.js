'use strict';
// azure-iothub's registry and twins.

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

const authorized = (more) => sdk.asService(hub, more);
const call = (...asked) => sdk.callHub(hub, ...asked);

describe('a device identity', () => {
  // IOTHUB-20, IOTHUB-21, IOTHUB-28, IOTHUB-29
  test('is created with keys and dates, and read back', async () => {
    const { responseBody: made, httpResponse } = await registry.create({ deviceId: 'created' });
    assert.equal(httpResponse.statusCode, 200);
    assert.match(httpResponse.headers['content-type'], /^application\/json/);
    assert.equal(made.status, 'enabled');
    assert.equal(made.connectionState, 'Disconnected');
    const { symmetricKey, x509Thumbprint, type } = made.authentication;
    assert.equal(type, 'sas');
    assert.equal(Buffer.from(symmetricKey.primaryKey, 'base64').length, 32);
    assert.notEqual(symmetricKey.primaryKey, symmetricKey.secondaryKey);
    assert.deepEqual(x509Thumbprint, { primaryThumbprint: null, secondaryThumbprint: null });
    for (const name of ['connectionStateUpdatedTime', 'statusUpdatedTime', 'lastActivityTime']) {
      assert.equal(Number.isNaN(Date.parse(made[name])), false, name);
    }
    assert.deepEqual((await registry.get('created')).responseBody.authentication,
      made.authentication);
  });

  // IOTHUB-19
  test('exists once', async () => {
    await registry.create({ deviceId: 'once' });
    await assert.rejects(registry.create({ deviceId: 'once' }), (error) => {
      assert.equal(error.name, 'DeviceAlreadyExistsError');
      assert.equal(error.response.headers['iothub-errorcode'], 'DeviceAlreadyExists');
      return true;
    });
  });

  // IOTHUB-19
  test('that is missing is not found', async () => {
    for (const call of ['get', 'delete', 'getTwin']) {
      await assert.rejects(registry[call]('missing'), (error) => {
        assert.equal(error.name, 'DeviceNotFoundError');
        assert.match(JSON.parse(error.responseBody).Message, /^ErrorCode:DeviceNotFound/);
        assert.match(JSON.parse(error.responseBody).ExceptionMessage, /^Tracking ID:/);
        return true;
      });
    }
  });

  // IOTHUB-19
  test('has a name within the rules', async () => {
    await assert.rejects(registry.create({ deviceId: 'invalid/name' }), { name: 'ArgumentError' });
    const odd = "a-b.c+d%e_f#g*h?i!j(k)l,m=n@o$p'q:r";
    await registry.create({ deviceId: odd });
    assert.equal((await registry.get(odd)).responseBody.deviceId, odd);
    await registry.delete(odd);
  });

  test('is updated: status and keys, with a new etag', async () => {
    const made = (await registry.create({ deviceId: 'updated' })).responseBody;
    const changed = (await registry.update({
      deviceId: 'updated', status: 'disabled', statusReason: 'lost',
    })).responseBody;
    assert.equal(changed.status, 'disabled');
    assert.equal(changed.statusReason, 'lost');
    assert.equal(changed.generationId, made.generationId);
    assert.notEqual(changed.etag, made.etag);
  });

  // IOTHUB-26
  test('changes only under its own etag, in every spelling', async () => {
    const made = (await registry.create({ deviceId: 'guarded' })).responseBody;
    const put = (match) => call('PUT', '/devices/guarded',
      { body: { deviceId: 'guarded' }, 'If-Match': match });
    const fresh = await put(`"${made.etag}"`);
    assert.equal(fresh.status, 200, fresh.text);
    for (const stale of [`"${made.etag}"`, made.etag]) {
      const refused = await put(stale);
      assert.equal(refused.status, 412);
      assert.equal(refused.headers['iothub-errorcode'], 'PreconditionFailed');
    }
    for (const any of ['*', '"*"']) assert.equal((await put(any)).status, 200);
    const unasked = await call('DELETE', '/devices/guarded', { 'If-Match': `"${made.etag}"` });
    assert.equal(unasked.status, 412);
    await registry.delete('guarded');
  });

  // IOTHUB-27
  test('is listed, in whatever case the path is written', async () => {
    await registry.create({ deviceId: 'listed' });
    const { responseBody } = await registry.list();
    assert.ok(responseBody.some((device) => device.deviceId === 'listed'));
    const top = await sdk.send(hub.hostName, 'GET', '/Devices/?top=1&api-version=2021-04-12',
      { headers: authorized() });
    assert.equal(top.body.length, 1);
  });

  test('born again is another one', async () => {
    const first = (await registry.create({ deviceId: 'reborn' })).responseBody;
    await registry.updateTwin('reborn', { tags: { life: 1 } }, '*');
    await registry.delete('reborn');
    const second = (await registry.create({ deviceId: 'reborn' })).responseBody;
    assert.notEqual(second.generationId, first.generationId);
    assert.equal((await registry.getTwin('reborn')).responseBody.tags.life, undefined);
  });
});

describe('a twin', () => {
  // IOTHUB-23, IOTHUB-24
  test('is patched: merged, and one version on', async () => {
    await registry.create({ deviceId: 'patched' });
    const before_ = (await registry.getTwin('patched')).responseBody;
    await registry.updateTwin('patched',
      { tags: { site: { a: 1, b: 2 } }, properties: { desired: { period: 30, x: 1 } } },
      before_.etag);
    const twin = (await registry.updateTwin('patched',
      { tags: { site: { a: null } }, properties: { desired: { x: null } } }, '*')).responseBody;
    assert.deepEqual(twin.tags, { site: { b: 2 } });
    const { $metadata, ...desired } = twin.properties.desired;
    assert.deepEqual(desired, { period: 30, $version: before_.properties.desired.$version + 2 });
    assert.ok($metadata.period.$lastUpdated);
    assert.notEqual(twin.etag, before_.etag);
  });

  // IOTHUB-23
  test('is replaced: tags and desired, not reported', async () => {
    const device = await sdk.newDevice(hub, 'replaced');
    const client = sdk.connectDevice(device.connectionString);
    await sdk.report(await client.getTwin(), { fw: '1' });
    await client.close();
    await registry.updateTwin('replaced',
      { tags: { old: 1 }, properties: { desired: { old: 1 } } }, '*');
    const put = await call('PUT', '/twins/replaced',
      { body: { tags: { a: 1 }, properties: { desired: { b: 2 } } } });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.body.tags, { a: 1 });
    assert.equal(put.body.properties.desired.b, 2);
    assert.equal(put.body.properties.desired.old, undefined);
    assert.equal(put.body.properties.reported.fw, '1');
  });

  // IOTHUB-23
  test('changes only under its own etag', async () => {
    await registry.create({ deviceId: 'twin-guarded' });
    const { etag } = (await registry.getTwin('twin-guarded')).responseBody;
    await registry.updateTwin('twin-guarded', { tags: { a: 1 } }, etag);
    await assert.rejects(registry.updateTwin('twin-guarded', { tags: { a: 2 } }, etag),
      { name: 'InvalidEtagError' });
    assert.equal((await registry.getTwin('twin-guarded')).responseBody.tags.a, 1);
  });

  test('that breaks the rules is refused and stays as it was', async () => {
    await registry.create({ deviceId: 'ruled' });
    for (const desired of [{ 'a.b': 1 }, { $a: 1 }, { big: 'x'.repeat(40000) }]) {
      await assert.rejects(registry.updateTwin('ruled', { properties: { desired } }, '*'));
    }
    const { properties } = (await registry.getTwin('ruled')).responseBody;
    assert.equal(properties.desired.$version, 1);
  });
});

describe('access', () => {
  test('with a wrong key or to the other hub is refused', async () => {
    const other = server.ready.hubs[1];
    const { SharedAccessKey } = sdk.fields(other.connectionString);
    for (const key of ['AAAA', SharedAccessKey]) {
      const text = hub.connectionString.replace(/SharedAccessKey=.*/, `SharedAccessKey=${key}`);
      await assert.rejects(iothub.Registry.fromConnectionString(text).get('any'),
        { name: 'UnauthorizedError' });
    }
  });

  test('with an expired token is refused', async () => {
    const refused = await sdk.send(hub.hostName, 'GET', '/devices/any?api-version=2021-04-12',
      { headers: { Authorization: sdk.serviceToken(hub.connectionString, -3600) } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['iothub-errorcode'], 'IotHubUnauthorized');
  });

  test('the devices of one hub are unknown to the other', async () => {
    await registry.create({ deviceId: 'here-only' });
    await assert.rejects(sdk.registry(server.ready.hubs[1]).get('here-only'),
      { name: 'DeviceNotFoundError' });
  });
});

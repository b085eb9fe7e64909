'use strict';
// A module's own side: the ModuleClient of azure-iot-device.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, test } = require('node:test');
const { AuthenticationType, Message } = require('azure-iot-common');
const { ModuleClient } = require('azure-iot-device');
const { Http } = require('azure-iot-device-http');
const { issue } = require('./support/certificates');
const modules = require('./support/modules');
const sdk = require('./support/sdk');

const {
  addModule, answer, clientOf, connectionString, eventsOf, invoke, newModule, opened, refusal,
  root, setDesired, twinOf, unpersistent,
} = modules;
const together = { concurrency: true, timeout: 60_000 };

let hub;
let registry;

before(async () => { ({ hub, registry } = await modules.start()); });
after(modules.stop);

// IOTHUB-1, IOTHUB-3: both transports with modules, under the package's user name
for (const transport of Object.keys(sdk.hubTransports)) {
  const name = (what) => `${what}-${transport.replaceAll(' ', '-')}`;

  describe(`a module over ${transport}`, together, () => {
    // IOTHUB-9
    test('sends telemetry under its name', async (t) => {
      const id = name('telemetry');
      const client = await opened(t, clientOf(await newModule(id, 'cam'), transport));
      const message = new Message('one');
      message.messageId = 'm-1';
      message.properties.add('level', '7/ä');
      await client.sendEvent(message);
      await client.sendOutputEvent('out', new Message('two'));
      const found = await eventsOf(id, 2);
      assert.deepEqual(found.map((event) => [event.moduleId, event.body]),
        [['cam', 'one'], ['cam', 'two']]);
      assert.deepEqual(found[0].properties, { '$.mid': 'm-1', level: '7/ä' });
      assert.equal(found[1].properties['$.on'], 'out');
    });

    // IOTHUB-10, IOTHUB-11, IOTHUB-12, IOTHUB-13, IOTHUB-15, IOTHUB-24
    test('reads its twin, reports, and hears of desired properties', async (t) => {
      const id = name('twin');
      const client = await opened(t, clientOf(await newModule(id, 'cam'), transport));
      await setDesired(id, 'cam', { period: 30 });
      const twin = await client.getTwin();
      assert.deepEqual(twin.properties.desired, { period: 30, $version: 2 });
      await sdk.report(twin, { fw: '1.2', net: { ip: '::1', old: true } });
      await sdk.report(twin, { net: { old: null } });
      const { $metadata, ...reported } = (await twinOf(id, 'cam')).properties.reported;
      assert.deepEqual(reported, { fw: '1.2', net: { ip: '::1' }, $version: 3 });
      assert.ok($metadata.fw.$lastUpdated);
      assert.equal((await registry.getTwin(id)).responseBody.properties.reported.fw, undefined);

      const heard = [];
      twin.on('properties.desired', (patch) => heard.push(structuredClone(patch)));
      await sdk.eventually(async () => { // the package does not say when it has subscribed
        await setDesired(id, 'cam', { knock: 1 });
        assert.ok(heard.some((patch) => patch.knock));
      });
      const last = (await twinOf(id, 'cam')).properties.desired.$version;
      await registry.updateTwin(id, { properties: { desired: { of: 'the device' } } }, '*');
      await setDesired(id, 'cam', { period: null, mode: { a: 1 } });
      await sdk.eventually(() => assert.deepEqual(heard.at(-1),
        { period: null, mode: { a: 1 }, $version: last + 1 }));
      assert.equal(heard.some((patch) => patch.of), false, 'that was not for the module');
    });

    // IOTHUB-14
    test('is told why a report is refused', async (t) => {
      const id = name('bad-report');
      const client = await opened(t, clientOf(await newModule(id, 'cam'), transport));
      const twin = await client.getTwin();
      await assert.rejects(sdk.report(twin, { 'a.b': 1 }));
      assert.equal((await twinOf(id, 'cam')).properties.reported.$version, 1);
    });

    // IOTHUB-8, IOTHUB-16, IOTHUB-17
    test('answers methods, which the device beside it does not see', async (t) => {
      const id = name('methods');
      const module = await newModule(id, 'cam');
      await assert.rejects(invoke(id, 'cam', 1), refusal(404, 'DeviceNotOnline'));
      const client = await opened(t, clientOf(module, transport));
      answer(client, 'echo');
      for (const payload of [{ a: [1, null] }, 'text', null, 0]) {
        const { result } = await sdk.eventually(() => invoke(id, 'cam', payload));
        assert.deepEqual(result, { status: 200, payload: { echo: payload } });
      }
      await assert.rejects(sdk.invoke(hub, id, 'echo', 1), refusal(404, 'DeviceNotOnline'));
    });

    // IOTHUB-7
    test('is displaced by the newer of its own connections, not by its device', async (t) => {
      const id = name('twice');
      const module = await newModule(id, 'cam');
      const first = clientOf(module, transport);
      await first.open();
      const gone = once(first, 'disconnect');
      const { responseBody: device } = await registry.get(id);
      const key = device.authentication.symmetricKey.primaryKey;
      const beside = sdk.connectDevice(
        `HostName=${hub.hostName};DeviceId=${id};SharedAccessKey=${key}`, transport);
      await opened(t, beside);
      sdk.answerMethod(beside, 'echo');
      answer(first, 'echo');
      await sdk.eventually(() => invoke(id, 'cam', 'first'));
      const second = await opened(t, clientOf(module, transport));
      await gone;
      answer(second, 'echo');
      const { result } = await sdk.eventually(() => invoke(id, 'cam', 'second'));
      assert.equal(result.payload.echo, 'second');
      await sdk.eventually(() => sdk.invoke(hub, id, 'echo', 'the device'));
      const state = async () =>
        (await registry.getModule(id, 'cam')).responseBody.connectionState;
      assert.equal(await state(), 'Connected');
    });

    const cuts = {
      'its device is deleted': (id) => registry.delete(id),
      'its device is disabled': (id) => registry.update({ deviceId: id, status: 'disabled' }),
      'it is removed': (id) => registry.removeModule(id, 'cam'),
      'it gets other keys': (id) => registry.updateModule({
        deviceId: id,
        moduleId: 'cam',
        authentication: {
          symmetricKey: {
            primaryKey: Buffer.alloc(32, 1).toString('base64'),
            secondaryKey: Buffer.alloc(32, 2).toString('base64'),
          },
        },
      }, true),
    };

    // IOTHUB-2, IOTHUB-34
    for (const [what, cut_off] of Object.entries(cuts)) {
      test(`is cut off and kept out once ${what}`, async () => {
        const id = name(what.replaceAll(' ', '-'));
        const module = await newModule(id, 'cam');
        const client = clientOf(module, transport);
        await client.open();
        const cut = once(client, 'disconnect');
        await cut_off(id);
        await cut;
        await client.close().catch(() => {});
        await assert.rejects(clientOf(module, transport).open(), { name: 'UnauthorizedError' });
      });
    }

    // IOTHUB-2
    test('proves itself with its own key', async () => {
      const id = name('keys');
      const module = await newModule(id, 'cam');
      const other = await addModule(id, 'arm');
      await assert.rejects(
        clientOf({ ...module, authentication: other.authentication }, transport).open(),
        { name: 'UnauthorizedError' });
      await assert.rejects(clientOf({ ...module, moduleId: 'leg' }, transport).open(),
        { name: 'UnauthorizedError' });
    });

    test('whose certificate an authority of the hub issued is let in', async (t) => {
      const id = name('by-ca');
      await registry.create({ deviceId: id, authentication: { type: 'certificateAuthority' } });
      await addModule(id, 'cam', { authentication: { type: 'certificateAuthority' } });
      const between = issue('Modules Between', { issuer: root, ca: true });
      // The package's connection strings know no certificates for modules, its transports do.
      const byCertificate = (certificate) => unpersistent(ModuleClient.fromAuthenticationProvider({
        type: AuthenticationType.X509,
        getDeviceCredentials: (done) => done(null, {
          host: hub.hostName,
          deviceId: id,
          moduleId: 'cam',
          x509: { cert: certificate.chain, key: certificate.key },
        }),
      }, sdk.hubTransports[transport]));
      const bearing = (common_name, issuer) => byCertificate(issue(common_name, { issuer }));
      const client = await opened(t, bearing(`${id}\\/cam`, between));
      answer(client, 'echo');
      const { result } = await sdk.eventually(() => invoke(id, 'cam', 1));
      assert.equal(result.payload.echo, 1);
      const unknown = issue('Modules Unknown', { ca: true });
      for (const wrong of [bearing(id, between), bearing(`${id}\\/arm`, between),
        bearing(`${id}\\/cam`, unknown)]) {
        await assert.rejects(wrong.open(), { name: 'UnauthorizedError' });
      }

      const certificate = issue(id, { issuer: between });
      const device = sdk.connectDevice(`HostName=${hub.hostName};DeviceId=${id};x509=true`,
        transport);
      await device.setOptions({ cert: certificate.chain, key: certificate.key });
      await opened(t, device); // beside its module
      await sdk.eventually(() => invoke(id, 'cam', 2));
    });
  });
}

test('a module finds its connection string in its environment', together, async (t) => {
  const module = await newModule('environment', 'cam');
  process.env.IotHubConnectionString = connectionString(module);
  t.after(() => { delete process.env.IotHubConnectionString; });
  const client = await ModuleClient.fromEnvironment(sdk.hubTransports.mqtt);
  await opened(t, client);
  assert.equal((await client.getTwin()).properties.desired.$version, 1);
});

describe('over HTTPS', together, () => {
  // The package has no modules over HTTPS: it sends as the device, and a module's key is no
  // device's.
  test('the package is refused what is the device\'s', async (t) => {
    const module = await newModule('https-package', 'cam');
    const client = unpersistent(
      ModuleClient.fromConnectionString(connectionString(module), Http));
    await opened(t, client);
    await assert.rejects(client.sendEvent(new Message('not mine')), { name: 'UnauthorizedError' });
  });

  test('a module sends events by itself', async () => {
    const module = await newModule('https', 'cam');
    const send = (target, resource) => sdk.send(hub.hostName, 'POST',
      `${target}/messages/events?api-version=2021-04-12`, {
        body: 'hello',
        headers: {
          'iothub-app-level': '7',
          Authorization: sdk.deviceToken(`${hub.hostName}${resource}`,
            module.authentication.symmetricKey.primaryKey),
        },
      });
    const own = '/devices/https/modules/cam';
    assert.equal((await send(own, own)).status, 204);
    assert.equal((await send('/devices/https', own)).status, 401);
    assert.equal((await send('/devices/https/modules/arm', own)).status, 401);
    const [event] = await eventsOf('https', 1);
    assert.deepEqual([event.moduleId, event.body, event.properties.level], ['cam', 'hello', '7']);
  });
});

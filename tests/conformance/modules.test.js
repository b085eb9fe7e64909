'use strict';
// Modules: azure-iothub's registry, twins, methods and queries on one side, the ModuleClient of
// azure-iot-device on the other.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { AuthenticationType, Message } = require('azure-iot-common');
const { ModuleClient } = require('azure-iot-device');
const { Http } = require('azure-iot-device-http');
const { JobClient } = require('azure-iothub');
const { issue } = require('./support/certificates');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

const together = { concurrency: true, timeout: 60_000 };
const modules_max = 3;

const root = issue('Modules Root', { ca: true });

let folder;
let server;
let hub;
let registry;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'muster-modules-'));
  const ca_file = path.join(folder, 'devices.pem');
  fs.writeFileSync(ca_file, root.cert);
  server = await Server.start({ config: ([server_address, hub_address]) => `
[server]
listen = ["${server_address}"]

[[hub]]
name = "hub-1"
host = "${hub_address}"
modules_max = ${modules_max}
ca_file = "${ca_file}"
events = ["twin-changes", "lifecycle"]

[[instance]]
id_scope = "0ne00000001"
name = "local"
hosts = ["${server_address}"]
` });
  [hub] = server.ready.hubs;
  registry = sdk.registry(hub);
});

after(async () => {
  await server?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const authorized = (more = {}) =>
  ({ Authorization: sdk.serviceToken(hub.connectionString), ...more });

function call(method, target, { body, ...headers } = {}) {
  const content = body ? { 'Content-Type': 'application/json' } : {};
  return sdk.send(hub.hostName, method, `${target}?api-version=2021-04-12`,
    { body: body && JSON.stringify(body), headers: authorized({ ...content, ...headers }) });
}

/** What the hub calls the mistake, and the status that the packages see. */
const refusal = (status, name) => (error) => {
  assert.equal(error.response.headers['iothub-errorcode'], name);
  assert.equal(error.response.statusCode, status);
  return true;
};

function connectionString({ deviceId, moduleId, authentication }) {
  const key = authentication.symmetricKey.primaryKey;
  const names = `DeviceId=${deviceId};ModuleId=${moduleId}`;
  return `HostName=${hub.hostName};${names};SharedAccessKey=${key}`;
}

const addModule = async (deviceId, moduleId, more = {}) =>
  (await registry.addModule({ deviceId, moduleId, ...more })).responseBody;

/** A device with one module: the module's document. */
async function newModule(device_id, module_id) {
  await registry.create({ deviceId: device_id });
  return addModule(device_id, module_id);
}

/** A client that takes the first no for an answer, and does not come back. */
function unpersistent(client) {
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  return client;
}

const clientOf = (module, transport = 'mqtt') => unpersistent(
  ModuleClient.fromConnectionString(connectionString(module), sdk.hubTransports[transport]));

/** It is connected as long as the test runs. */
async function opened(t, client) {
  await client.open();
  t.after(() => client.close());
  return client;
}

function answer(client, name) {
  client.onMethod(name, (request, response) =>
    response.send(200, { echo: request.payload }, () => {}));
}

const invoke = (device_id, module_id, payload, methodName = 'echo') => sdk.hubService(hub)
  .invokeDeviceMethod(device_id, module_id,
    { methodName, payload, responseTimeoutInSeconds: 5 });

const twinOf = async (device_id, module_id) =>
  (await registry.getModuleTwin(device_id, module_id)).responseBody;

const setDesired = (device_id, module_id, desired) => registry.updateModuleTwin(
  device_id, module_id, { properties: { desired } }, '*');

/** What the hub's log has of one device, once there are `count` events of these sources. */
async function eventsOf(device_id, count, sources = ['Telemetry']) {
  const found = [];
  for (let last = 0; found.length < count; ) {
    const page = await sdk.send(hub.hostName, 'GET', '/messages/events?api-version=2021-04-12'
      + `&after=${last}&wait=10&source=${sources}`, { headers: authorized() });
    assert.notEqual(page.body.length, 0, `only ${found.length} of ${count} events`);
    last = page.body.at(-1).sequence;
    found.push(...page.body.filter((event) => event.deviceId === device_id));
  }
  return found;
}

describe('the registry', together, () => {
  // IOTHUB-20, IOTHUB-21, IOTHUB-28, IOTHUB-29
  test('creates a module with keys and dates, and reads it back', async () => {
    await registry.create({ deviceId: 'made' });
    assert.deepEqual((await registry.getModulesOnDevice('made')).responseBody, []);
    const { responseBody: made, httpResponse } = await registry.addModule(
      { deviceId: 'made', moduleId: 'cam', managedBy: 'tests' });
    assert.equal(httpResponse.statusCode, 200);
    assert.match(httpResponse.headers['content-type'], /^application\/json/);
    assert.deepEqual([made.deviceId, made.moduleId, made.managedBy], ['made', 'cam', 'tests']);
    assert.equal(made.connectionState, 'Disconnected');
    assert.equal(made.cloudToDeviceMessageCount, 0);
    assert.equal(made.authentication.type, 'sas');
    const { primaryKey, secondaryKey } = made.authentication.symmetricKey;
    assert.equal(Buffer.from(primaryKey, 'base64').length, 32);
    assert.notEqual(primaryKey, secondaryKey);
    for (const name of ['connectionStateUpdatedTime', 'lastActivityTime']) {
      assert.equal(Number.isNaN(Date.parse(made[name])), false, name);
    }
    assert.deepEqual((await registry.getModule('made', 'cam')).responseBody, made);
    await addModule('made', 'arm');
    const listed = (await registry.getModulesOnDevice('made')).responseBody;
    assert.deepEqual(listed.map((module) => module.moduleId).sort(), ['arm', 'cam']);
  });

  // IOTHUB-19
  test('says whether the module or its device is missing', async () => {
    const no_device = refusal(404, 'DeviceNotFound');
    const no_module = refusal(404, 'ModuleNotFound');
    await assert.rejects(addModule('nobody', 'cam'), no_device);
    await assert.rejects(registry.getModule('nobody', 'cam'), no_device);
    await assert.rejects(registry.getModulesOnDevice('nobody'), no_device);
    await assert.rejects(registry.getModuleTwin('nobody', 'cam'), no_device);
    await registry.create({ deviceId: 'empty' });
    await assert.rejects(registry.getModule('empty', 'cam'), no_module);
    await assert.rejects(registry.removeModule('empty', 'cam'), no_module);
    await assert.rejects(registry.getModuleTwin('empty', 'cam'), no_module);
    await assert.rejects(invoke('empty', 'cam'), no_module);
    const update = { deviceId: 'empty', moduleId: 'cam' };
    await assert.rejects(registry.updateModule(update, true), no_module);
    await assert.rejects(addModule('empty', 'a/b'), refusal(400, 'ArgumentInvalid'));
  });

  // IOTHUB-19, IOTHUB-26
  test('changes and removes a module only under its own etag', async () => {
    const made = await newModule('etags', 'cam');
    await assert.rejects(addModule('etags', 'cam'), refusal(409, 'ModuleAlreadyExistsOnDevice'));
    const updated = (await registry.updateModule({ ...made, managedBy: 'me' })).responseBody;
    assert.equal(updated.managedBy, 'me');
    assert.notEqual(updated.etag, made.etag);
    assert.equal(updated.generationId, made.generationId);
    assert.deepEqual(updated.authentication.symmetricKey, made.authentication.symmetricKey);
    const stale = refusal(412, 'PreconditionFailed');
    await assert.rejects(registry.updateModule({ ...made, managedBy: 'you' }), stale);
    await assert.rejects(registry.removeModule(made), stale);
    assert.equal((await registry.getModule('etags', 'cam')).responseBody.managedBy, 'me');
    const forced = (await registry.updateModule({ ...made, managedBy: 'you' }, true)).responseBody;
    assert.equal(forced.managedBy, 'you');
    const { httpResponse } = await registry.removeModule(forced);
    assert.equal(httpResponse.statusCode, 204);
    const again = await addModule('etags', 'cam');
    assert.notEqual(again.generationId, made.generationId);
    await registry.removeModule('etags', 'cam');
    await assert.rejects(registry.getModule('etags', 'cam'), refusal(404, 'ModuleNotFound'));
  });

  test('takes only so many modules of one device', async () => {
    await registry.create({ deviceId: 'full' });
    for (let i = 0; i < modules_max; i += 1) await addModule('full', `m-${i}`);
    await assert.rejects(addModule('full', 'one-more'), refusal(413, 'TooManyModulesOnDevice'));
    await registry.removeModule('full', 'm-0');
    await addModule('full', 'one-more');
  });

  test('keeps system modules with their Edge device', async () => {
    await registry.create({ deviceId: 'edge', capabilities: { iotEdge: true } });
    const { responseBody: there } = await registry.getModulesOnDevice('edge');
    assert.deepEqual(there.map((module) => module.moduleId).sort(), ['$edgeAgent', '$edgeHub']);
    await assert.rejects(registry.removeModule('edge', '$edgeHub'),
      refusal(401, 'SystemModuleModifyUnauthorizedAccess'));
  });

  // IOTHUB-27
  test('knows ids that need escapes', async () => {
    await newModule('odd', "a:b%c+d'e");
    assert.equal((await registry.getModule('odd', "a:b%c+d'e")).responseBody.deviceId, 'odd');
    assert.equal((await twinOf('odd', "a:b%c+d'e")).moduleId, "a:b%c+d'e");
    const read = await call('GET', `/Devices/odd/Modules/${encodeURIComponent("a:b%c+d'e")}`);
    assert.equal(read.status, 200);
  });
});

describe('a module twin', together, () => {
  // IOTHUB-23, IOTHUB-24
  test('is its own: patched, replaced, and guarded by its etag', async () => {
    await newModule('twins', 'cam');
    const first = await twinOf('twins', 'cam');
    assert.equal(first.moduleId, 'cam');
    const { result: patched } = await first.update(
      { tags: { site: 'north' }, properties: { desired: { period: 5, old: true } } });
    assert.deepEqual([patched.deviceId, patched.moduleId], ['twins', 'cam']);
    assert.equal(patched.properties.desired.$version, 2);
    await assert.rejects(registry.updateModuleTwin('twins', 'cam',
      { tags: { site: 'south' } }, 'AAAAAAAAAAE='), refusal(412, 'PreconditionFailed'));
    const replaced = await call('PUT', '/twins/twins/modules/cam',
      { body: { properties: { desired: { period: 6 } } }, 'If-Match': `"${patched.etag}"` });
    assert.equal(replaced.status, 200);
    const { $metadata, ...desired } = replaced.body.properties.desired;
    assert.deepEqual(desired, { period: 6, $version: 3 });
    assert.equal($metadata.period.$lastUpdatedVersion, 3);
    assert.deepEqual(replaced.body.tags, {});
    const { responseBody: of_device } = await registry.getTwin('twins');
    assert.equal(of_device.properties.desired.$version, 1, 'the device has one of its own');
    assert.equal(of_device.moduleId, undefined);
  });
});

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

describe('a query over modules', { timeout: 60_000 }, () => {
  const devices = ['q-1', 'q-2', 'q-3', 'q-4'];

  before(async () => {
    for (const [i, id] of devices.entries()) {
      await registry.create({ deviceId: id });
      for (const module of ['q-cam', 'q-arm']) {
        await addModule(id, module);
        await registry.updateModuleTwin(id, module,
          { tags: { floor: i % 2 }, properties: { desired: { period: i } } }, '*');
      }
    }
  });

  /** Everything, page by page: a query whose `next` is given no token begins again. */
  async function all(text, page_size) {
    const query = registry.createQuery(text, page_size);
    const rows = [];
    const types = new Set();
    for (let pages = 0; query.hasMoreResults; pages += 1) {
      assert.ok(pages < 20, 'it comes to an end');
      const { result, message } = await query.next(query.continuationToken);
      rows.push(...result);
      types.add(message.headers['x-ms-item-type']);
    }
    assert.equal(types.size, 1);
    return { rows, type: [...types][0] };
  }

  const of_query = "moduleId IN ['q-cam', 'q-arm']";

  // IOTHUB-25
  test('pages through their twins, each once', async () => {
    const { rows, type } = await all(`SELECT * FROM devices.modules WHERE ${of_query}`, 3);
    assert.equal(type, 'Twin');
    assert.deepEqual(rows.map((twin) => `${twin.deviceId}/${twin.moduleId}`).sort(),
      devices.flatMap((id) => [`${id}/q-arm`, `${id}/q-cam`]));
    assert.equal(rows[0].properties.desired.$version, 2);
    const query = registry.createQuery("SELECT * FROM devices.modules WHERE moduleId = 'q-cam'");
    const { result } = await query.nextAsTwin();
    await result[0].update({ tags: { seen: true } }); // a twin that was found is the module's
    assert.equal((await twinOf(result[0].deviceId, 'q-cam')).tags.seen, true);
  });

  // IOTHUB-25
  test('finds by module, device, tags and properties', async () => {
    const found = async (where) => (await all(`SELECT * FROM devices.modules WHERE ${where}`))
      .rows.map((twin) => `${twin.deviceId}/${twin.moduleId}`).sort();
    assert.deepEqual(await found("moduleId = 'q-cam'"), devices.map((id) => `${id}/q-cam`));
    assert.deepEqual(await found("deviceId = 'q-2'"), ['q-2/q-arm', 'q-2/q-cam']);
    assert.deepEqual(await found("deviceId = 'q-2' AND moduleId = 'q-arm'"), ['q-2/q-arm']);
    assert.deepEqual(await found("moduleId = 'q-arm' AND tags.floor = 1"),
      ['q-2/q-arm', 'q-4/q-arm']);
    assert.deepEqual(await found(`properties.desired.period >= 3 AND ${of_query}`),
      ['q-4/q-arm', 'q-4/q-cam']);
    assert.deepEqual(await found("moduleId = 'q-nothing'"), []);
    assert.deepEqual(await found("moduleId != 'q-cam' AND STARTSWITH(moduleId, 'q-')"),
      devices.map((id) => `${id}/q-arm`));
  });

  // IOTHUB-25
  test('projects, counts and groups', async () => {
    const projected = await all('SELECT deviceId, moduleId, properties.desired.period AS every '
      + "FROM devices.modules WHERE deviceId = 'q-3'");
    assert.equal(projected.type, 'Raw');
    assert.deepEqual(
      projected.rows.sort((left, right) => left.moduleId.localeCompare(right.moduleId)),
      [{ deviceId: 'q-3', moduleId: 'q-arm', every: 2 },
        { deviceId: 'q-3', moduleId: 'q-cam', every: 2 }]);
    const counted = await all(`SELECT COUNT() AS n FROM devices.modules WHERE ${of_query}`);
    assert.deepEqual(counted.rows, [{ n: 2 * devices.length }]);
    const grouped = await all('SELECT moduleId, COUNT() AS n, '
      + `MAX(properties.desired.period) AS top FROM devices.modules WHERE ${of_query} `
      + 'GROUP BY moduleId');
    assert.deepEqual(
      grouped.rows.sort((left, right) => left.moduleId.localeCompare(right.moduleId)),
      [{ moduleId: 'q-arm', n: 4, top: 3 }, { moduleId: 'q-cam', n: 4, top: 3 }]);
  });

  test('and one over devices do not see each other', async () => {
    const { rows } = await all("SELECT * FROM devices WHERE deviceId = 'q-1'");
    assert.equal(rows.length, 1);
    assert.equal('moduleId' in rows[0], false);
    assert.deepEqual((await all("SELECT * FROM devices WHERE moduleId = 'q-cam'")).rows, []);
  });
});

describe('what works on many twins', together, () => {
  // IOTHUB-30
  test('a configuration reaches the modules that it means', async () => {
    await newModule('configured', 'conf');
    const { httpResponse } = await registry.addConfiguration({
      id: 'for-modules',
      content: { moduleContent: { 'properties.desired.net': { apn: 'm' } } },
      targetCondition: "FROM devices.modules WHERE moduleId = 'conf'",
      priority: 1,
    });
    assert.equal(httpResponse.statusCode, 200);
    await sdk.eventually(async () => assert.deepEqual(
      (await twinOf('configured', 'conf')).properties.desired.net, { apn: 'm' }));
    assert.equal((await registry.getTwin('configured')).responseBody.properties.desired.net,
      undefined);
    await registry.removeConfiguration('for-modules');
  });

  test('a job updates the modules that its condition means', async () => {
    await newModule('worked-on', 'job');
    const jobs = JobClient.fromConnectionString(hub.connectionString);
    const job = 'module-twins';
    await jobs.scheduleTwinUpdate(job, "FROM devices.modules WHERE moduleId = 'job'",
      { etag: '*', tags: { batch: 7 } }, new Date(), 60);
    await sdk.eventually(async () =>
      assert.equal((await jobs.getJob(job)).jobStatus.status, 'completed'));
    assert.deepEqual((await twinOf('worked-on', 'job')).tags, { batch: 7 });
    assert.deepEqual((await registry.getTwin('worked-on')).responseBody.tags ?? {}, {});
  });
});

test('what happens to a module is told as the module\'s', together, async () => {
  await newModule('told', 'cam');
  await registry.updateModuleTwin('told', 'cam', { tags: { a: 1 } }, '*');
  await registry.delete('told');
  const told = await eventsOf('told', 5, ['twinChangeEvents', 'deviceLifecycleEvents']);
  const of_module = told.filter((event) => event.moduleId === 'cam');
  assert.deepEqual(of_module.map((event) => event.source),
    ['deviceLifecycleEvents', 'twinChangeEvents', 'deviceLifecycleEvents']);
});

'use strict';
// Modules: azure-iothub's registry, twins, queries, configurations and jobs.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { promisify } = require('node:util');
const { JobClient } = require('azure-iothub');
const modules = require('./support/modules');
const sdk = require('./support/sdk');

const {
  addModule, call, connectionString, eventsOf, invoke, modules_max, newModule, refusal, twinOf,
} = modules;
const together = { concurrency: true, timeout: 60_000 };

let hub;
let registry;

before(async () => { ({ hub, registry } = await modules.start()); });
after(modules.stop);

/** The package's promise form knows no module's etag, the callback form does. */
const remove = (module) => promisify((done) => registry.removeModule(module, done))();

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
    await assert.rejects(remove(made), stale);
    assert.equal((await registry.getModule('etags', 'cam')).responseBody.managedBy, 'me');
    const forced = (await registry.updateModule({ ...made, managedBy: 'you' }, true)).responseBody;
    assert.equal(forced.managedBy, 'you');
    await remove(forced);
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

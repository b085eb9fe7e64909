'use strict';
// The command line against a running server: what it prints for programs and how it exits.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { issue } = require('./support/certificates');
const { Server, muster } = require('./support/server');
const sdk = require('./support/sdk');

const exit = { ok: 0, usage: 2, not_found: 3, unauthorized: 4, conflict: 5, unavailable: 6 };

let server;
let hub;

before(async () => {
  server = await Server.start();
  [hub] = server.ready.hubs;
});

after(() => server?.close());

/** Runs a command against the server that it finds by the data folder. */
const run = (...parameters) => muster(parameters, { env: { MUSTER_DATA: server.data } });

async function json(...parameters) {
  const { code, stdout, stderr } = await run(...parameters, '--output', 'json');
  assert.equal(code, exit.ok, stderr);
  return JSON.parse(stdout);
}

async function fails(code, ...parameters) {
  const result = await run(...parameters);
  assert.equal(result.code, code, result.stdout + result.stderr);
  assert.equal(result.stdout, '');
  assert.notEqual(result.stderr.trim(), '', 'it says why');
  return result.stderr;
}

function file(name, content) {
  const at = path.join(server.data, name);
  fs.writeFileSync(at, content);
  return at;
}

for (const [command, id_name] of [
  ['enrollment', 'registrationId'], ['group', 'enrollmentGroupId'],
]) {
  test(`${command}: create, show, list, delete`, async () => {
    const made = await json(command, 'create', 'one');
    assert.equal(made[id_name], 'one');
    assert.ok(made.attestation.symmetricKey.primaryKey);
    assert.equal((await json(command, 'show', 'one'))[id_name], 'one');
    assert.deepEqual((await json(command, 'list')).map((item) => item[id_name]), ['one']);
    const table = await run(command, 'list');
    assert.match(table.stdout, /one/);
    await fails(exit.conflict, command, 'create', 'one');
    const updated = await json(command, 'create', 'one', '--update', '--disabled');
    assert.equal(updated.provisioningStatus, 'disabled');
    assert.equal((await run(command, 'delete', 'one')).code, exit.ok);
    await fails(exit.not_found, command, 'show', 'one');
    await fails(exit.not_found, command, 'delete', 'one');
    assert.deepEqual(await json(command, 'list'), []);
  });
}

test('enrollment: certificate, hub, initial twin', async () => {
  const certificate = file('device.pem', issue('by-certificate').cert);
  const twin = file('twin.json', '{"tags":{"site":"north"}}');
  const made = await json('enrollment', 'create', 'by-certificate', '--certificate', certificate,
    '--iot-hub', hub.hostName, '--allocation-policy', 'static', '--initial-twin', twin,
    '--device-id', 'renamed', '--edge');
  assert.equal(made.attestation.type, 'x509');
  assert.equal(made.deviceId, 'renamed');
  assert.equal(made.initialTwin.tags.site, 'north');
  assert.deepEqual(made.iotHubs, [hub.hostName]);
  assert.equal(made.capabilities.iotEdge, true);
});

test('registration: show and list what became of a device', async () => {
  const group = await json('group', 'create', 'fleet');
  const key = sdk.derivedKey(group.attestation.symmetricKey.primaryKey, 'member');
  const seen = await sdk.register(server, 'mqtt', sdk.byKey('member', key));
  const shown = await json('registration', 'show', 'member');
  assert.equal(shown.assignedHub, seen.assignedHub);
  assert.equal(shown.status, 'assigned');
  const listed = await json('registration', 'list', '--group', 'fleet');
  assert.deepEqual(listed.map((state) => state.registrationId), ['member']);
  await fails(exit.not_found, 'registration', 'show', 'nobody');
});

test('hub: devices, twins, methods, telemetry', async () => {
  const device = await sdk.newDevice(hub, 'worker');
  const client = sdk.connectDevice(device.connectionString);
  await client.open();
  try {
    sdk.answerMethod(client, 'echo');
    await sdk.eventually(() => sdk.invoke(hub, 'worker', 'echo'));
    const at_hub = ['--hub', hub.name];
    const shown = await json('hub', 'device', 'show', 'worker', ...at_hub);
    assert.equal(shown.connectionState, 'Connected');
    const listed = await json('hub', 'device', 'list', ...at_hub);
    assert.ok(listed.some((item) => item.deviceId === 'worker'));

    const twin = await run('hub', 'twin', 'worker', ...at_hub, '--desired', '{"period":5}',
      '--tags', '{"site":"north"}');
    assert.equal(twin.code, exit.ok, twin.stderr);
    assert.equal(JSON.parse(twin.stdout).properties.desired.period, 5);

    const method = await run('hub', 'method', 'worker', 'echo', ...at_hub, '--payload', '{"a":1}');
    assert.equal(method.code, exit.ok, method.stderr);
    assert.deepEqual(JSON.parse(method.stdout), { status: 200, payload: { echo: { a: 1 } } });

    await client.sendEvent(new sdk.Message('hello'));
    const monitor = await json('hub', 'monitor', ...at_hub, '--device', 'worker', '--after', '0',
      '--count', '1');
    assert.equal(monitor.body, 'hello');
  } finally {
    await client.close();
  }
  await fails(exit.not_found, 'hub', 'twin', 'nobody', '--hub', hub.name);
  await fails(exit.usage, 'hub', 'twin', 'worker', '--hub', hub.name, '--desired', '{broken');
});

test('a method of an absent device fails, and says that it is not online', async () => {
  await sdk.newDevice(hub, 'absent');
  const why = await fails(exit.not_found, 'hub', 'method', 'absent', 'echo', '--hub', hub.name);
  assert.match(why, /online|connect/i);
});

test('a wrong key is exit code 4, a server that is not there 6', async () => {
  const right = server.ready.serviceConnectionString;
  const ca = ['--ca', server.ready.caFile];
  const wrong = right.replace(/SharedAccessKey=.*/, `SharedAccessKey=${'A'.repeat(43)}=`);
  await fails(exit.unauthorized, 'enrollment', 'list', '--connection-string', wrong, ...ca);
  const nobody = server.addresses[3];
  await fails(exit.unavailable, 'enrollment', 'list', '--connection-string',
    right.replace(/HostName=[^;]*/, `HostName=${nobody}`), ...ca);
  const remote = await run('enrollment', 'list', '--connection-string', right, ...ca);
  assert.equal(remote.code, exit.ok, remote.stderr);
});

test('a command line that makes no sense is exit code 2', async () => {
  await fails(exit.usage, 'enrollment', 'create');
  await fails(exit.usage, 'enrol');
  await fails(exit.usage, 'enrollment', 'list', '--output', 'yaml');
  assert.equal((await run('--help')).code, exit.ok);
});

test('simulate registers devices over both transports with both proofs', async () => {
  const summary = await json('simulate', '--devices', '8', '--prefix', 'sim-');
  assert.ok(JSON.stringify(summary).includes('8'));
  const listed = await json('registration', 'list');
  assert.equal(listed.filter((state) => state.registrationId.startsWith('sim-')
    && state.status === 'assigned').length, 8);
});

'use strict';
// Devices that are cut off: at their hub with the published packages, and across enrollment and hub
// with `muster block`.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { Server, muster } = require('./support/server');
const sdk = require('./support/sdk');

const together = { concurrency: true, timeout: 60_000 };
const cut_ms_max = 1000; // from the request to the end of the connection

let server;
let service;
let hub;

before(async () => {
  server = await Server.start();
  service = sdk.provisioningService(server);
  [hub] = server.ready.hubs;
});
after(() => server?.close());

/** A connected client that does not come back by itself, and when it was disconnected. */
async function connected(connection_string, transport) {
  const client = sdk.connectDevice(connection_string, transport);
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await client.open();
  const cut = new Promise((resolve) => client.once('disconnect', () => resolve(Date.now())));
  return { client, cut };
}

const secret = (fill) => Buffer.alloc(32, fill).toString('base64');

const cuts = {
  'is deleted': (id) => sdk.registry(hub).delete(id),
  'is disabled': (id) => sdk.registry(hub).update({ deviceId: id, status: 'disabled' }),
  'gets other keys': (id) => sdk.registry(hub).update({
    deviceId: id,
    authentication: { symmetricKey: { primaryKey: secret(1), secondaryKey: secret(2) } },
  }),
};

// IOTHUB-34
for (const transport of Object.keys(sdk.hubTransports)) {
  describe(`connected over ${transport}`, together, () => {
    for (const [what, cut_off] of Object.entries(cuts)) {
      test(`a device that ${what} is cut off and kept out`, async (t) => {
        const id = `cut-${what}-${transport}`.replaceAll(' ', '-');
        const device = await sdk.newDevice(hub, id);
        const { client, cut } = await connected(device.connectionString, transport);
        const asked = Date.now();
        await cut_off(id);
        const took = (await cut) - asked;
        t.diagnostic(`disconnected after ${took} ms`);
        assert.ok(took < cut_ms_max, `${took} ms`);
        await client.close().catch(() => {});
        await assert.rejects(connected(device.connectionString, transport));
      });
    }
  });
}

/** A device that has registered, its key, and where it is. */
async function registered(registrationId) {
  const { responseBody } = await service.createOrUpdateIndividualEnrollment(
    { registrationId, attestation: { type: 'symmetricKey' } });
  const key = responseBody.attestation.symmetricKey.primaryKey;
  const told = await sdk.register(server, 'http', sdk.byKey(registrationId, key));
  return {
    key,
    hub: server.hub(told.assignedHub),
    connectionString:
      `HostName=${told.assignedHub};DeviceId=${told.deviceId};SharedAccessKey=${key}`,
  };
}

const run = async (...parameters) => {
  const { code, stdout, stderr } = await muster(parameters, { env: { MUSTER_DATA: server.data } });
  assert.equal(code, 0, stderr);
  return stdout;
};

const declines = (id, key) => assert.rejects(
  sdk.register(server, 'http', sdk.byKey(id, key)), (error) => /disabled/i.test(JSON.stringify(
    error.result ?? error.message ?? error)) || /blocked/i.test(JSON.stringify(error)));

for (const transport of Object.keys(sdk.hubTransports)) {
  test(`muster block ends a connection over ${transport}, and unblock undoes it`, together,
    async (t) => {
      const id = `block-${transport}`.replaceAll(' ', '-');
      const device = await registered(id);
      const { client, cut } = await connected(device.connectionString, transport);
      const said = await run('block', id, '--reason', 'stolen');
      const blocked = Date.now();
      assert.match(said, /is blocked: disabled at .* \d+ ms/);
      const took = Number(/, (\d+) ms/.exec(said)[1]) + Math.max(0, (await cut) - blocked);
      t.diagnostic(`${said.trim()}; disconnected after ${took} ms`);
      assert.ok(took < cut_ms_max, `${took} ms`);
      await client.close().catch(() => {});
      await assert.rejects(connected(device.connectionString, transport));
      const identity = (await sdk.registry(device.hub).get(id)).responseBody;
      assert.equal(identity.status, 'disabled');
      assert.equal(identity.statusReason, 'blocked; was enabled');
      await declines(id, device.key);
      assert.match(await run('explain', id, '--output', 'json'), /device_blocked/);

      assert.match(await run('block', id), /is blocked/, 'again is no mistake');
      assert.match(await run('unblock', id), /is unblocked/);
      const again = await connected(device.connectionString, transport);
      await again.client.close();
      await sdk.register(server, 'http', sdk.byKey(id, device.key));
    });
}

test('muster block finds a device that was made at the hub by hand', together, async () => {
  const id = 'block-by-hand';
  const device = await sdk.newDevice(hub, id);
  const { client, cut } = await connected(device.connectionString, 'mqtt');
  assert.match(await run('block', id), /is blocked: disabled at every hub that has it/);
  await cut;
  await client.close().catch(() => {});
  assert.equal((await sdk.registry(hub).get(id)).responseBody.status, 'disabled');
  await run('unblock', id);
  assert.equal((await sdk.registry(hub).get(id)).responseBody.status, 'enabled');
});

test('a device is blocked before it registers for the first time', together, async () => {
  const id = 'block-first';
  await run('block', id);
  const { responseBody } = await service.createOrUpdateIndividualEnrollment(
    { registrationId: id, attestation: { type: 'symmetricKey' } });
  const key = responseBody.attestation.symmetricKey.primaryKey;
  await declines(id, key);
  await run('unblock', id);
  const told = await sdk.register(server, 'http', sdk.byKey(id, key));
  assert.ok(told.assignedHub);
});

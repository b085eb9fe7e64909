'use strict';
// azure-iot-device at a hub, both transports, with azure-iothub on the other side.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, describe, test } = require('node:test');
const { issue } = require('./support/certificates');
const { Server } = require('./support/server');
const sdk = require('./support/sdk');

let server;
let hub;

before(async () => {
  server = await Server.start();
  [hub] = server.ready.hubs;
});

after(() => server?.close());

/** A new device that is connected as long as the test runs. */
async function connected(t, id, transport) {
  const device = await sdk.newDevice(hub, id);
  const client = sdk.connectDevice(device.connectionString, transport);
  await client.open();
  t.after(() => client.close());
  return client;
}

/** A client that takes the first no for an answer. */
function unpersistent(connection_string, transport) {
  const client = sdk.connectDevice(connection_string, transport);
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  return client;
}

const setDesired = async (id, desired) => (await sdk.registry(hub)
  .updateTwin(id, { properties: { desired } }, '*')).responseBody;

// IOTHUB-1, IOTHUB-3: both transports with the same kind of identity, under the SDK's user name
for (const transport of Object.keys(sdk.hubTransports)) {
  const name = (what) => `${what}-${transport.replaceAll(' ', '-')}`;

  describe(`over ${transport}`, { concurrency: true }, () => {
    // IOTHUB-9
    test('telemetry arrives in order, with its properties and bytes', async (t) => {
      const client = await connected(t, name('telemetry'), transport);
      const sent = Array.from({ length: 5 }, (_, i) => {
        const message = new sdk.Message(JSON.stringify({ i }));
        message.messageId = `m-${i}`;
        message.contentType = 'application/json';
        message.contentEncoding = 'utf-8';
        message.properties.add('alarm level', `50% & "höher"/${i}`);
        return message;
      });
      for (const message of sent) await client.sendEvent(message);
      await client.sendEvent(new sdk.Message(Buffer.from([0xff, 0x00])));
      await client.sendEvent(new sdk.Message(''));
      const found = await sdk.telemetry(hub, name('telemetry'), sent.length + 2);
      assert.deepEqual(found.slice(0, 5).map((message) => JSON.parse(message.body).i),
        [0, 1, 2, 3, 4]);
      assert.deepEqual(found[3].properties, {
        '$.mid': 'm-3', '$.ct': 'application/json', '$.ce': 'utf-8',
        'alarm level': '50% & "höher"/3',
      });
      assert.equal(found[5].bodyBase64, '/wA=');
      assert.equal(found[6].body, '');
      assert.deepEqual(found[6].properties, {});
    });

    // IOTHUB-10, IOTHUB-11, IOTHUB-12, IOTHUB-13, IOTHUB-24
    test('the twin is read and reported to', async (t) => {
      const client = await connected(t, name('twin'), transport);
      await setDesired(name('twin'), { period: 30 });
      const twin = await client.getTwin();
      assert.deepEqual(twin.properties.desired, { period: 30, $version: 2 });
      const { $version } = twin.properties.reported;
      await sdk.report(twin, { fw: '1.2', net: { ip: '::1', old: true } });
      await sdk.report(twin, { net: { old: null } });
      const seen = (await sdk.registry(hub).getTwin(name('twin'))).responseBody;
      const { $metadata, ...reported } = seen.properties.reported;
      assert.deepEqual(reported, { fw: '1.2', net: { ip: '::1' }, $version: $version + 2 });
      assert.ok($metadata.fw.$lastUpdated);
      assert.equal(seen.connectionState, 'Connected');
    });

    // IOTHUB-14: the reason reaches the device, and the twin stays as it was
    test('a report that breaks the rules fails', async (t) => {
      const client = await connected(t, name('bad-report'), transport);
      const twin = await client.getTwin();
      await assert.rejects(sdk.report(twin, { 'a.b': 1 }));
      await assert.rejects(sdk.report(twin, { big: 'x'.repeat(40000) }));
      const seen = (await sdk.registry(hub).getTwin(name('bad-report'))).responseBody;
      assert.equal(seen.properties.reported.$version, 1);
    });

    // IOTHUB-15, IOTHUB-24
    test('desired properties arrive, version by version', async (t) => {
      const client = await connected(t, name('desired'), transport);
      const twin = await client.getTwin();
      const seen = [];
      const all = new Promise((resolve) => twin.on('properties.desired', (patch) => {
        seen.push(structuredClone(patch)); // the first is the SDK's own document, which changes
        if (patch.mode?.b) resolve();
      }));
      // the SDK does not say when it has subscribed
      await sdk.eventually(async () => {
        await setDesired(name('desired'), { knock: 1 });
        assert.ok(seen.some((patch) => patch.knock));
      });
      await setDesired(name('desired'), { period: 60 });
      await setDesired(name('desired'), { period: null, mode: { a: 1 } });
      await setDesired(name('desired'), { mode: { b: 2 } });
      await all;
      const knocks = seen.filter((patch) => patch.knock);
      const last = knocks.at(-1).$version;
      assert.deepEqual(knocks.map((patch) => patch.$version),
        knocks.map((_, i) => last - knocks.length + 1 + i));
      assert.deepEqual(seen.slice(-3), [
        { period: 60, $version: last + 1 },
        { period: null, mode: { a: 1 }, $version: last + 2 },
        { mode: { b: 2 }, $version: last + 3 },
      ]);
      assert.deepEqual(twin.properties.desired.mode, { a: 1, b: 2 });
    });

    // IOTHUB-8, IOTHUB-16, IOTHUB-17
    test('methods are answered, whatever JSON they carry', async (t) => {
      const id = name('methods');
      const client = await connected(t, id, transport);
      sdk.answerMethod(client, 'echo');
      await sdk.eventually(() => sdk.invoke(hub, id, 'echo'));
      for (const payload of [null, 'text', 7, [], { k1: 'v1', deep: [{}] }]) {
        const { result } = await sdk.invoke(hub, id, 'echo', payload);
        assert.deepEqual(result, { status: 200, payload: { echo: payload } });
      }
      const replies = await Promise.all(Array.from({ length: 8 },
        (_, i) => sdk.invoke(hub, id, 'echo', { i })));
      const echoed = replies.map(({ result }) => result.payload.echo.i);
      assert.deepEqual(echoed, [0, 1, 2, 3, 4, 5, 6, 7]);
    });

    // IOTHUB-17
    test('a method that nobody answers ends with the right error', async (t) => {
      const id = name('silent');
      const client = await connected(t, id, transport);
      client.onDeviceMethod('ignore', () => {});
      sdk.answerMethod(client, 'echo');
      await sdk.eventually(() => sdk.invoke(hub, id, 'echo'));
      // The SDK gives up after as long as it allows the hub, so the hub's answer needs a caller
      // with more patience.
      const reply = await invokeByHand(id,
        { methodName: 'ignore', responseTimeoutInSeconds: 5, payload: null });
      assert.equal(reply.status, 504);
      assert.equal(JSON.parse(reply.body.Message).errorCode, 504101);
    });

    // IOTHUB-34
    test('disabling the device ends its connection, and keeps it out', async () => {
      const id = name('disabled');
      const device = await sdk.newDevice(hub, id);
      const client = unpersistent(device.connectionString, transport);
      await client.open();
      const gone = once(client, 'disconnect');
      await sdk.registry(hub).update({ deviceId: id, status: 'disabled' });
      await gone;
      await assert.rejects(unpersistent(device.connectionString, transport).open(),
        { name: 'UnauthorizedError' });
    });

    // IOTHUB-2
    for (const [what, connection_string] of [
      ['an unknown device', async () =>
        `HostName=${hub.hostName};DeviceId=${name('nobody')};SharedAccessKey=AAAA`],
      ['a wrong key', async () => {
        const device = await sdk.newDevice(hub, name('wrong-key'));
        return device.connectionString.replace(/Key=.*/, 'Key=AAAA');
      }],
    ]) {
      test(`${what} is refused`, async () => {
        const client = unpersistent(await connection_string(), transport);
        await assert.rejects(client.open(), { name: 'UnauthorizedError' });
      });
    }

    test('a provisioned X.509 device works with its certificate', async (t) => {
      const id = name('x509');
      const certificate = issue(id);
      const clientCertificates = { primary: { certificate: certificate.cert } };
      await sdk.provisioningService(server).createOrUpdateIndividualEnrollment({
        registrationId: id, attestation: { type: 'x509', x509: { clientCertificates } },
      });
      const { assignedHub, deviceId } =
        await sdk.register(server, 'http', sdk.byCertificate(id, certificate));
      const connection_string = `HostName=${assignedHub};DeviceId=${deviceId};x509=true`;
      const client = sdk.connectDevice(connection_string, transport);
      await client.setOptions({ cert: certificate.cert, key: certificate.key });
      await client.open();
      t.after(() => client.close());
      sdk.answerMethod(client, 'echo');
      const { result } = await sdk.eventually(
        () => sdk.invoke(server.hub(assignedHub), deviceId, 'echo', 1));
      assert.equal(result.payload.echo, 1);

      const impostor = unpersistent(connection_string, transport);
      const forged = issue(id);
      await impostor.setOptions({ cert: forged.cert, key: forged.key });
      await assert.rejects(impostor.open(), { name: 'UnauthorizedError' });
      // IOTHUB-7: the failed attempt has displaced nobody
      await sdk.invoke(server.hub(assignedHub), deviceId, 'echo', 2);
    });
  });
}

function invokeByHand(id, document) {
  return sdk.send(hub.hostName, 'POST', `/twins/${id}/methods?api-version=2021-04-12`, {
    body: JSON.stringify(document),
    headers: {
      Authorization: sdk.serviceToken(hub.connectionString),
      'Content-Type': 'application/json',
    },
  });
}

// IOTHUB-17
test('a method of an absent device is answered at once, or when it has come', async (t) => {
  const device = await sdk.newDevice(hub, 'late');
  await assert.rejects(sdk.invoke(hub, 'late', 'echo'), (error) => {
    assert.equal(error.response.statusCode, 404);
    assert.equal(error.response.headers['iothub-errorcode'], 'DeviceNotOnline');
    assert.equal(JSON.parse(JSON.parse(error.responseBody).Message).errorCode, 404103);
    return true;
  });
  const waiting = sdk.hubService(hub).invokeDeviceMethod('late',
    { methodName: 'echo', payload: 1, connectTimeoutInSeconds: 10, responseTimeoutInSeconds: 5 });
  const client = sdk.connectDevice(device.connectionString);
  await client.open();
  t.after(() => client.close());
  sdk.answerMethod(client, 'echo');
  assert.equal((await waiting).result.payload.echo, 1);
});

test('a method of an unknown device is not found', async () => {
  await assert.rejects(sdk.invoke(hub, 'nobody', 'echo'), { name: 'DeviceNotFoundError' });
});

// IOTHUB-7
test('a second connection of a device takes over from the first', async (t) => {
  const device = await sdk.newDevice(hub, 'twice');
  const first = unpersistent(device.connectionString, 'mqtt');
  await first.open();
  const gone = once(first, 'disconnect');
  const second = sdk.connectDevice(device.connectionString, 'mqtt over websocket');
  await second.open();
  t.after(() => second.close());
  await gone;
  sdk.answerMethod(second, 'echo');
  const { result } = await sdk.eventually(() => sdk.invoke(hub, 'twice', 'echo', 'second'));
  assert.equal(result.payload.echo, 'second');
});
